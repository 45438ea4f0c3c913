# A developer's machine: real servers, no cloud, made-up data.

environment "local" {
  aliases = ["dev"]
  wave    = 0
  data    = "mock"

  provider "local" {}
}

postgres "main" {
  size       = "tiny"
  storage_gb = 1

  database "experimentation" {
    seed "mock-experiments" { files = ["seed/mock-experiments.sql"] }
  }
}

redis "cache" {
  size      = "tiny"
  memory_mb = 64
}
