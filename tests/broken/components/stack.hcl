stack {
  name = "shop"
}

redis "few" {
  mode   = "cluster"
  shards = 2
}

redis "many" {
  shards = 3
}

postgres "main" {
  extensions = ["pgvector", "uuid_ossp", "vector", "vector"]

  database "postgres" {}
  database "my-app" {}
  database "app" { owner = "pg_owner" }
  role "app" { access = "reed" }
  backup {
    retention_days = 0
    point_in_time  = true
  }
  lifecycle { protect = true }
  protect    = true
  depends_on = ["redis.few"]
}

blob_store "assets" {
  expire_noncurrent_days = 30
  depends_on             = [postgres.main.url]
}

blob_store "Assets" {}
