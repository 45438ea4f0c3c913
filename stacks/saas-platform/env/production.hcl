# Live, on AWS. The same topology on Azure is in production-azure.hcl; both are kept working.

environment "production" {
  aliases = ["prod"]
  wave    = 2
  data    = "real"

  provider "aws" {
    region  = "eu-west-1"
    account = "444455556666" # an example of AWS's own: put yours here; apply refuses any other
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

  aws {
    nat           = "per_zone" # the application asks its identity provider, also while a zone is gone
    egress        = ["app"]
    endpoints     = ["s3"] # assets take the way that costs nothing
    flow_logs     = true   # who talked to whom, for whoever has to find out after an incident
    flow_log_days = 90
  }
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
