stack {
  name = "shop"
}

locals {
  a = "${local.b}-a"
  b = [for x in [1] : local.c]
  c = local.a
  d = local.d
  e = local.a # only follows from the first
}

blob_store "shard" {
  for_each = local.shards
}

locals {
  shards = { main = blob_store.shard["main"].name }
}

key_vault "one" {
  secret "value" { value = key_vault.two.secret.value }
}

key_vault "two" {
  depends_on = [key_vault.three]
  secret "value" {
    generate {}
  }
}

key_vault "three" {
  secret "value" { value = "${key_vault.one.secret.value}!" }
}
