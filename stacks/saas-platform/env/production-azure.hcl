# Live, on Azure: what production.hcl is on AWS.

environment "production-azure" {
  wave = 2
  data = "real"

  provider "azure" {
    location       = "westeurope"
    subscription   = "00000000-0000-0000-0000-000000000000" # put yours here; apply refuses any other
    resource_group = "saas-platform"
  }

  approval {
    required     = 2
    allow_author = false
    expires      = "24h"
  }
}

variables {
  oidc_issuer  = "https://id.example.org/"
  cors_origins = ["https://app.example.org"]
  replicas     = 2
  workers      = 8
}

network "main" {
  zones   = 3
  protect = true
}

postgres "main" {
  size              = "large"
  storage_gb        = 200
  high_availability = true
  protect           = true

  backup { retention_days = 35 }
}

redis "queue" {
  size      = "medium"
  replicas  = 1
  memory_mb = 2048
}

blob_store "assets" { protect = true }
key_vault "app" { protect = true }

settings "api" {
  setting "LOG_LEVEL" { value = "warning" }
}
