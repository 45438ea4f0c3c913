# A run of the tests: database and queue, made for it and gone with it.

environment "ci" {
  wave = 0
  data = "mock"

  provider "local" {}
}

variables {
  oidc_issuer  = "http://localhost:8080/realms/ci"
  cors_origins = ["http://localhost"]
}

postgres "main" {
  size       = "tiny"
  storage_gb = 1
}

redis "queue" {
  size        = "tiny"
  memory_mb   = 64
  persistence = "none"
}
