# SaaS platform: an API, workers and a front end that many organisations share.
#
# Nothing here guesses an organisation: whoever runs an environment says the origins and the identity provider.

stack {
  name        = "saas-platform"
  description = "Database, queue, assets and keys of the SaaS platform"
}

variable "oidc_issuer" {
  description = "The identity provider's issuer, such as `https://id.example.org/`"
  type        = string
}

variable "cors_origins" {
  description = "Which front ends may call the API"
  type        = list(string)
}

variable "replicas" {
  description = "Read replicas of the database"
  type        = number
  default     = 0
}

variable "workers" {
  description = "How many worker processes run"
  type        = number
  default     = 1
}

# The proxy ends TLS at the edge; API and workers reach the data, and the edge does not.

network "main" {
  cidr  = "10.50.0.0/16"
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
    ports = [8000]
  }
  allow {
    from  = "app"
    to    = "data"
    ports = [5432, 6379]
  }
}

postgres "main" {
  version  = 16
  segment  = network.main.segment.data
  size     = "small"
  replicas = var.replicas

  database "platform" { owner = "platform" }

  backup {
    retention_days = 7
    point_in_time  = true
  }
}

# Tasks wait here, so what was accepted survives a restart. Caches live here too, and expire by themselves.

redis "queue" {
  segment     = network.main.segment.data
  size        = "small"
  memory_mb   = 256
  eviction    = "volatile-lru"
  persistence = "append_only"
}

blob_store "assets" {
  versioning             = true # every build stays reachable under its commit
  expire_noncurrent_days = 30
}

key_vault "app" {
  secret "jwt_key" {
    generate { length = 64 }
  }
}

settings "api" {
  description = "The API and its workers, which share one code base"

  setting "DATABASE_URL" {
    type  = "url"
    value = postgres.main.url
  }
  setting "REDIS_URL" {
    type  = "url"
    value = redis.queue.url
  }
  setting "JWT_KEY" {
    type        = "secret"
    value       = key_vault.app.secret.jwt_key
    description = "Signs sessions; replaced with: infra rotate"
  }
  setting "OIDC_ISSUER" {
    type  = "url"
    value = var.oidc_issuer
  }
  setting "CORS_ORIGINS" {
    value       = join(",", var.cors_origins)
    description = "Origins of front ends, separated by commas"
  }
  setting "WORKERS" {
    type  = "integer"
    value = var.workers
  }
  setting "CORRELATION_HEADER" {
    default     = "x-correlation-id"
    description = "The header whose id is on every log line"
  }
  setting "LOG_LEVEL" {
    type    = "enum"
    values  = ["debug", "info", "warning", "error"]
    default = "info"
  }
}

settings "front" {
  description = "The build of the front end, which puts its files into the asset store"

  setting "ASSET_BUCKET" { value = blob_store.assets.name }
  setting "ASSET_ENDPOINT" {
    type  = "url"
    value = blob_store.assets.endpoint
  }
  setting "AWS_ACCESS_KEY_ID" {
    type  = "secret"
    value = blob_store.assets.access_key
  }
  setting "AWS_SECRET_ACCESS_KEY" {
    type  = "secret"
    value = blob_store.assets.secret_key
  }
}

# Staging has the topology of production. What differs all the same stands here with its reason, and nothing else may:
# infra parity staging production --detailed-exitcode

parity {
  exception "place" {
    paths   = ["environment.provider.account", "environment.wave"]
    between = ["staging", "production"]
    reason  = "Each environment has an account of its own, and a change reaches staging first"
  }
  exception "clouds" {
    paths   = ["environment.provider", "network.main.aws"]
    between = ["production", "production-azure"]
    reason  = "Production is kept working on two clouds"
  }
  exception "data" {
    paths   = ["environment.data", "environment.approval", "*.*.protect", "postgres.main.backup.retention_days"]
    between = ["staging", "production"]
    reason  = "Staging holds no personal data and can be made anew: nobody approves its changes and nothing protects it"
  }
  exception "load" {
    paths = [
      "postgres.main.size",
      "postgres.main.storage_gb",
      "redis.queue.memory_mb",
      "redis.queue.size",
      "settings.api.WORKERS",
    ]
    between = ["staging", "production"]
    reason  = "Staging has the topology of production and a part of its load"
  }
  exception "failover" {
    paths = [
      "network.main.zones",
      "postgres.main.high_availability",
      "postgres.main.replicas",
      "redis.queue.replicas",
    ]
    between = ["staging", "production"]
    reason  = "A zone that fails may stop staging, and must not stop production"
  }
  exception "traffic" {
    paths   = ["network.main.aws"]
    between = ["staging", "production"]
    reason  = "Production records who talked to whom, and a zone that fails takes nobody's way to the identity provider"
  }
  exception "addresses" {
    paths   = ["settings.api.CORS_ORIGINS", "settings.api.OIDC_ISSUER"]
    between = ["staging", "production"]
    reason  = "Staging has a front end and an identity provider of its own"
  }
  exception "diagnosis" {
    paths   = ["settings.api.LOG_LEVEL"]
    between = ["staging", "production"]
    reason  = "Staging is read by those who test, production by alerts"
  }
  exception "staging-azure" {
    paths = [
      "*.*.protect",
      "environment.approval",
      "environment.data",
      "environment.provider",
      "environment.wave",
      "network.main.aws",
      "network.main.zones",
      "postgres.main.backup.retention_days",
      "postgres.main.high_availability",
      "postgres.main.replicas",
      "postgres.main.size",
      "postgres.main.storage_gb",
      "redis.queue.memory_mb",
      "redis.queue.replicas",
      "redis.queue.size",
      "settings.api.CORS_ORIGINS",
      "settings.api.LOG_LEVEL",
      "settings.api.OIDC_ISSUER",
      "settings.api.WORKERS",
    ]
    between = ["staging", "production-azure"]
    reason  = "Staging differs from production on the other cloud as from production, and by the cloud"
  }
}
