# Experimentation: assignment and event services, MLflow and Metabase, and what they keep their data in.

stack {
  name        = "experimentation"
  description = "Database, cache and artefact store of the experimentation platform"
}

variable "replicas" {
  description = "Read replicas, which analytics read"
  type        = number
  default     = 0
}

variable "domain" {
  description = "Under which names services find each other, such as `staging.internal`; on one machine it is `localhost`"
  type        = string
  default     = "localhost"
}

locals {
  # On one machine services differ by their ports, elsewhere by their names too.
  service_host = var.domain == "localhost" ? "" : ".${var.domain}"
  hosts = {
    for name in ["assignment", "events", "mlflow", "metabase"] :
    name => local.service_host == "" ? "localhost" : "${name}${local.service_host}"
  }
}

network "main" {
  cidr  = "10.40.0.0/16"
  zones = 2

  segment "edge" { public = true }
  segment "services" {}
  segment "analytics" {} # Metabase and notebooks: they read, and see no cache
  segment "data" {}

  allow {
    from  = "internet"
    to    = "edge"
    ports = [443]
  }
  allow {
    from  = "edge"
    to    = "services"
    ports = [5000, 8001, 8002] # MLflow, assignment, events
  }
  allow {
    from  = "edge"
    to    = "analytics"
    ports = [3000] # Metabase
  }
  allow {
    from  = "services"
    to    = "data"
    ports = [5432, 6379]
  }
  allow {
    from  = "analytics"
    to    = "data"
    ports = [5432]
  }
}

postgres "main" {
  version  = 16
  segment  = network.main.segment.data
  size     = "small"
  replicas = var.replicas

  database "experimentation" { owner = "app" }
  database "mlflow" { owner = "mlflow" }

  # Analytics read; what they cannot do, no mistake in a query can do either.
  role "readonly" { access = "read" }

  backup {
    retention_days = 7
    point_in_time  = true
  }
}

redis "cache" {
  segment   = network.main.segment.data
  size      = "small"
  memory_mb = 256
  eviction  = "allkeys-lru" # assignments can be computed anew
}

blob_store "artefacts" {
  versioning             = true
  expire_noncurrent_days = 90
}

settings "services" {
  description = "Assignment and event services"

  setting "DATABASE_URL" {
    type        = "url"
    value       = postgres.main.database.experimentation.url
    description = "Experiments, assignments and events"
  }
  setting "REDIS_URL" {
    type  = "url"
    value = redis.cache.url
  }
  setting "MLFLOW_TRACKING_URI" {
    type  = "url"
    value = "http://${local.hosts["mlflow"]}:5000"
  }
  setting "ASSIGNMENT_SERVICE_URL" {
    type  = "url"
    value = "http://${local.hosts["assignment"]}:8001"
  }
  setting "EVENT_SERVICE_URL" {
    type  = "url"
    value = "http://${local.hosts["events"]}:8002"
  }
}

settings "mlflow" {
  description = "MLflow's tracking server"

  setting "MLFLOW_BACKEND_STORE_URI" {
    type        = "url"
    value       = postgres.main.database.mlflow.url
    description = "Runs and parameters"
  }
  setting "MLFLOW_S3_ENDPOINT_URL" {
    type        = "url"
    value       = blob_store.artefacts.endpoint
    description = "Who keeps the artefacts"
  }
  setting "MLFLOW_ARTIFACT_BUCKET" { value = blob_store.artefacts.name }
  setting "AWS_ACCESS_KEY_ID" {
    type  = "secret"
    value = blob_store.artefacts.access_key
  }
  setting "AWS_SECRET_ACCESS_KEY" {
    type  = "secret"
    value = blob_store.artefacts.secret_key
  }
}

settings "analytics" {
  description = "Metabase and notebooks"

  setting "DATABASE_REPLICA_URL" {
    type        = "url"
    value       = postgres.main.role.readonly.url
    description = "As a role that only reads"
  }
}

# In what staging and production differ, and why: infra parity staging production

parity {
  exception "place" {
    paths   = ["environment.provider.account", "environment.wave"]
    between = ["staging", "production"]
    reason  = "Each environment has an account of its own, and a change reaches staging first"
  }
  exception "names" {
    paths = [
      "settings.services.ASSIGNMENT_SERVICE_URL",
      "settings.services.EVENT_SERVICE_URL",
      "settings.services.MLFLOW_TRACKING_URI",
    ]
    between = ["staging", "production"]
    reason  = "Services find each other under `staging.internal` and `prod.internal`"
  }
  exception "data" {
    paths   = ["environment.data", "environment.approval", "*.*.protect", "postgres.main.backup.retention_days"]
    between = ["staging", "production"]
    reason  = "Staging holds anonymised data of last week, which is refreshed instead of protected"
  }
  exception "traffic" {
    paths   = ["network.main.aws"]
    between = ["staging", "production"]
    reason  = "Only production records who talked to whom, and its artefacts do not pass the internet"
  }
  exception "analytics" {
    paths   = ["postgres.main.replicas"]
    between = ["staging", "production"]
    reason  = "Only in production do analytics need a replica, so that they do not slow live traffic down"
  }
  exception "load" {
    paths   = ["postgres.main.size", "postgres.main.storage_gb", "redis.cache.memory_mb", "redis.cache.size"]
    between = ["staging", "production"]
    reason  = "Staging is for integration tests, not for live traffic"
  }
  exception "failover" {
    paths   = ["network.main.zones", "postgres.main.high_availability", "redis.cache.replicas"]
    between = ["staging", "production"]
    reason  = "A zone that fails may stop staging, and must not stop live traffic"
  }
}
