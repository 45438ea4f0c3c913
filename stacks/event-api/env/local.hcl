# A developer's machine: real servers, no cloud, made-up data.

environment "local" {
  aliases = ["dev", "development"]
  wave    = 0
  data    = "mock"

  provider "local" {}
}

variables {
  replicas = 1 # one, so that reading from a replica is tried before staging
}

# The same kind and label as in stack.hcl: an override, merged block by block. What is not named here stays.

postgres "main" {
  size       = "tiny"
  storage_gb = 1

  database "event_api" {
    seed "sample-events" { files = ["seed/sample-events.sql"] }
  }
}
