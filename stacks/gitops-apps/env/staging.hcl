# Validation before production. On this machine too, isolated from development, so that a promotion can be tried anywhere.

environment "staging" {
  wave = 1
  data = "anonymised"

  provider "local" {}
}

variables {
  replicas      = 2
  anti_affinity = "soft"

  resources = {
    cpu_request    = "200m"
    cpu_limit      = "1000m"
    memory_request = "256Mi"
    memory_limit   = "512Mi"
  }
}

network "main" { cidr = "10.71.0.0/16" }

postgres "main" {
  size       = "tiny"
  storage_gb = 1
}

settings "sync" {
  setting "WAVE" { value = 1 }
}
