# Real users, real data: highly available, protected, and changed only with the approval of two people.

environment "production" {
  aliases = ["prod"]
  wave    = 2
  data    = "real"

  provider "aws" {
    region  = "eu-west-1"
    account = "444455556666" # an example of AWS's own: put yours here; apply refuses any other
  }

  approval {
    required     = 2     # two people sign the plan before it can be applied
    allow_author = false # and its author is none of them
    expires      = "24h"
  }
}

variables {
  replicas = 2
}

network "main" {
  zones   = 3
  protect = true

  aws {
    nat           = "per_zone" # the services ask the API of their language model, also while a zone is gone
    egress        = ["app"]
    flow_logs     = true # who talked to whom, for whoever has to find out after an incident
    flow_log_days = 90
  }
}

postgres "main" {
  size              = "large"
  storage_gb        = 200
  high_availability = true # a standby in another zone takes over by itself
  protect           = true # deleting or replacing is refused, also when this file is deleted

  backup { retention_days = 35 }
}

key_vault "app" { protect = true }
