stack {
  name = "My Shop"
}

network "main" {
  cidr  = "10.0.0.0/16"
  zones = "2"
  segment "data" { public = "yes" }
}

postgres "main" {
  version    = 16.5
  segment    = "data"
  size       = "Large"
  storage_gb = -1
  replicas   = 99
  extensions = "vector"
  parameters = { shared_preload_libraries = ["vector"] }
  pooler { mode = "transactional" }
  database "app" { owner = 7 }
}

redis "cache" {
  segment     = network.main
  eviction    = "lru"
  persistence = null
  memory_mb   = "512"
}

blob_store "assets" {
  versioning = 1
  lifecycle { ignore_changes = "tags" }
  protect    = "true"
}
