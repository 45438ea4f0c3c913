# Celery platform: a backend, Celery workers and a front end.

stack {
  name        = "celery-platform"
  description = "Database, broker and blobs of the Celery platform"
}

variable "replicas" {
  description = "Read replicas of the database"
  type        = number
  default     = 0
}

variable "workers" {
  description = "How many Celery workers run"
  type        = number
  default     = 1
}

variable "task_retention" {
  description = "How long results of tasks are kept"
  type        = string
  default     = "1d"
}

variable "entra" {
  description = "The application in Entra ID; a machine of a developer works without"
  type = object({
    tenant_id = string
    client_id = string
  })
  nullable = true
  default  = null
}

variable "client_secret" {
  description = "The secret of the application in Entra ID: INFRA_VAR_client_secret"
  type        = string
  secret      = true
  nullable    = true
}

network "main" {
  cidr  = "10.60.0.0/16"
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
    ports = [5432, 6379, 6432]
  }
}

# On a developer's machine programs connect to the server itself; elsewhere env/*.hcl adds the pooler.

postgres "main" {
  version  = 16
  segment  = network.main.segment.data
  size     = "small"
  replicas = var.replicas

  database "platform" { owner = "platform" }

  backup { retention_days = 7 }
}

# Tasks wait in the broker: what was accepted survives a restart.

redis "broker" {
  segment     = network.main.segment.data
  size        = "small"
  memory_mb   = 256
  persistence = "append_only"
}

blob_store "files" { versioning = true }

settings "backend" {
  description = "The backend and its Celery workers"

  setting "DATABASE_URL" {
    type  = "url"
    value = postgres.main.url
  }
  setting "REDIS_URL" {
    type  = "url"
    value = redis.broker.url
  }
  setting "AZURE_STORAGE_ACCOUNT" {
    value       = blob_store.files.name
    description = "Where files are kept; on a developer's machine the name of the bucket"
  }
  setting "AZURE_TENANT_ID" {
    value    = var.entra == null ? null : var.entra.tenant_id
    required = false
  }
  setting "AZURE_CLIENT_ID" {
    value    = var.entra == null ? null : var.entra.client_id
    required = false
  }
  setting "AZURE_CLIENT_SECRET" {
    type     = "secret"
    value    = var.client_secret
    required = false
  }
  setting "ENVIRONMENT" { value = environment.name }
  setting "CELERY_WORKERS" {
    type  = "integer"
    value = var.workers
  }
  setting "TASK_RETENTION" {
    type  = "duration"
    value = var.task_retention
  }
  setting "LOG_LEVEL" {
    type     = "enum"
    values   = ["DEBUG", "INFO", "WARNING", "ERROR"]
    default  = "INFO"
    required = false
  }
}

settings "frontend" {
  description = "The front end, which knows the environment's name and nothing secret"

  setting "ENVIRONMENT" { value = environment.name }
}

# Staging and preproduction are configured like production. What differs all the same, and why:
# infra parity preproduction production

parity {
  exception "place" {
    paths   = ["environment.provider.resource_group", "environment.wave", "settings.*.ENVIRONMENT.value"]
    between = ["development", "staging", "preproduction", "production"]
    reason  = "Each environment has a name, a group of resources and a turn of its own"
  }
  exception "data" {
    paths   = ["environment.data", "environment.approval", "*.*.protect", "postgres.main.backup.retention_days"]
    between = ["staging", "production"]
    reason  = "Only production holds real data: it is kept longer, protected, and changed with two approvals"
  }
  exception "load" {
    paths = [
      "postgres.main.size",
      "redis.broker.memory_mb",
      "redis.broker.size",
      "settings.backend.CELERY_WORKERS",
      "settings.backend.TASK_RETENTION",
    ]
    between = ["staging", "production"]
    reason  = "Before production there are fewer tasks, and nobody asks for their results a month later"
  }
  exception "availability" {
    paths = [
      "postgres.main.high_availability",
      "postgres.main.replicas",
      "redis.broker.mode",
      "redis.broker.replicas",
      "redis.broker.shards",
    ]
    between = ["staging", "production"]
    reason  = "Production alone must survive the loss of a server: a standby, two replicas, and a cluster as broker"
  }
  exception "rehearsal" {
    paths = [
      "*.*.protect",
      "environment.approval",
      "environment.data",
      "postgres.main.backup.retention_days",
      "postgres.main.high_availability",
      "postgres.main.replicas",
      "postgres.main.size",
      "redis.broker.memory_mb",
      "redis.broker.mode",
      "redis.broker.replicas",
      "redis.broker.shards",
      "redis.broker.size",
      "settings.backend.CELERY_WORKERS",
      "settings.backend.TASK_RETENTION",
    ]
    between = ["preproduction", "production"]
    reason  = "Preproduction rehearses a release with the data, load and availability of staging"
  }
}
