# The production environment that the comparison with Terraform is made with, as often as COUNT says: three tiers in three zones
# with a NAT gateway each, PostgreSQL with two replicas, Redis in cluster mode, buckets, keys, secrets, alarms.

stack {
  name = "bench"
}

locals {
  copies = toset([for number in range(COUNT) : tostring(number)])
}

network "main" {
  for_each = local.copies
  cidr     = "10.40.0.0/16"
  zones    = 3

  segment "edge" { public = true }
  segment "app" {}
  segment "data" {}

  allow {
    from  = "internet"
    to    = "edge"
    ports = [443]
  }
  allow {
    from  = "edge"
    to    = "app"
    ports = [8080]
  }
  allow {
    from  = "app"
    to    = "data"
    ports = [5432, 6379]
  }

  aws {
    nat    = "per_zone"
    egress = ["app"]
  }
}

postgres "main" {
  for_each          = local.copies
  version           = 16
  segment           = network.main[each.key].segment.data
  size              = "large"
  storage_gb        = 200
  replicas          = 2
  high_availability = true

  database "app" { owner = "app" }
}

redis "cache" {
  for_each = local.copies
  segment  = network.main[each.key].segment.data
  mode     = "cluster"
  shards   = 3
  replicas = 1
  tls      = true
}

blob_store "assets" {
  for_each   = local.copies
  versioning = true
}

blob_store "exports" {
  for_each    = local.copies
  expire_days = 30
}

key_vault "app" {
  for_each = local.copies

  secret "session" {
    generate { length = 48 }
  }
  secret "mail" {
    value = "given"
  }
}
