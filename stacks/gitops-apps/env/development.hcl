# Fast iteration: one copy, relaxed, first in line.

environment "development" {
  aliases = ["dev"]
  wave    = 0
  data    = "mock"

  provider "local" {}
}

variables {
  replicas        = 1
  respect_ignored = false
  debug           = true

  resources = {
    cpu_request    = "100m"
    cpu_limit      = "500m"
    memory_request = "128Mi"
    memory_limit   = "256Mi"
  }
}

postgres "main" {
  size       = "tiny"
  storage_gb = 1
}
