# Live traffic: analytics read from a replica of their own, and nothing is deleted by mistake.

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
  replicas = 1
  domain   = "prod.internal"
}

network "main" {
  zones   = 3
  protect = true

  aws {
    endpoints     = ["s3"] # artefacts do not pass the internet
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

redis "cache" {
  size      = "medium"
  replicas  = 1
  memory_mb = 2048
}

blob_store "artefacts" { protect = true }
