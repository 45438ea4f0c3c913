# Live users: highly available, monitored, changed with the approval of two people.

environment "production" {
  aliases = ["prod"]
  wave    = 4
  data    = "real"

  provider "azure" {
    location       = "westeurope"
    subscription   = "00000000-0000-0000-0000-000000000000" # put yours here; apply refuses any other
    resource_group = "celery-production"
  }

  approval {
    required     = 2
    allow_author = false
    expires      = "24h"
  }
}

variables {
  replicas       = 2
  workers        = 5
  task_retention = "30d"

  # The application that the programs sign in as: put yours here.
  entra = {
    tenant_id = "00000000-0000-0000-0000-000000000000"
    client_id = "00000000-0000-0000-0000-000000000000"
  }
}

postgres "main" {
  size              = "large"
  high_availability = true
  protect           = true

  backup { retention_days = 35 }

  pooler { mode = "transaction" }
}

redis "broker" {
  size      = "large"
  mode      = "cluster"
  shards    = 3
  replicas  = 1
  memory_mb = 2048
}

blob_store "files" { protect = true }

network "main" { protect = true }

settings "backend" {
  setting "DATABASE_URL" { value = postgres.main.pooler_url }
  setting "AZURE_TENANT_ID" { required = true }
  setting "AZURE_CLIENT_ID" { required = true }
  setting "AZURE_CLIENT_SECRET" { required = true }
}
