# A whole system: a network with its ways out, a database with a replica, a pooler and alarms, a cache, a store of blobs, a vault.

stack {
  name = "NAME"
}

network "main" {
  cidr  = "10.40.0.0/16"
  zones = 2

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
    ports = [3000]
  }
  allow {
    from  = "app"
    to    = "data"
    ports = [5432, 6379]
  }

  aws {
    nat          = "single"
    egress       = ["app"]
    endpoints    = ["s3", "kms"]
    network_acls = true
    flow_logs    = true
    # tags
  }
}

postgres "main" {
  version    = 16
  segment    = network.main.segment.data
  size       = "small"
  storage_gb = 20
  replicas   = 1
  parameters = { work_mem = "64MB", max_connections = 200 }

  pooler { size = 20 }
  database "app" { owner = "app" }
}

redis "cache" {
  segment   = network.main.segment.data
  size      = "small"
  memory_mb = 256
  replicas  = 1
  eviction  = "allkeys-lru"
}

blob_store "assets" {
  versioning             = true
  expire_noncurrent_days = 90
}

key_vault "app" {
  secret "session" {
    generate { length = 40 }
  }
  secret "mail" {
    value = "first-value"
  }
  secret "database" {
    value = postgres.main.pooler_url
  }
}
