# Live: at least three copies in as many zones, nothing by hand, nobody looks inside.

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
  replicas      = 3
  anti_affinity = "strict"

  resources = {
    cpu_request    = "500m"
    cpu_limit      = "2000m"
    memory_request = "512Mi"
    memory_limit   = "1Gi"
  }
}

network "main" {
  zones   = 3
  protect = true

  aws {
    flow_logs     = true # who talked to whom, for whoever has to find out after an incident
    flow_log_days = 90
  }
}

postgres "main" {
  size              = "large"
  storage_gb        = 100
  high_availability = true
  protect           = true

  backup {
    retention_days = 35
    point_in_time  = true
  }
}

settings "sync" {
  setting "WAVE" { value = 2 }
}
