stack {
  name = "shop"
}

blob_store "assets" {}

locals {
  names = [for part in split("-", blob_store.assets.name) : upper(part)]
}

blob_store "copies" {
  count = length(blob_store.assets.name)
}

blob_store "more" {
  for_each = { (blob_store.assets.name) = 1 }
}

blob_store "some" {
  for_each = [blob_store.assets.name]
}

postgres "main" {
  size     = blob_store.assets.name
  replicas = blob_store.assets.name == "x" ? 1 : 0
}

redis "cache" {
  size = "${blob_store.assets.name}-small"
}
