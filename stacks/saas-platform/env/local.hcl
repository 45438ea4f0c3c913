# A developer's machine, with the front end's development server beside it.

environment "local" {
  aliases = ["dev"]
  wave    = 0
  data    = "mock"

  provider "local" {}
}

variables {
  oidc_issuer  = "http://localhost:8080/realms/dev"
  cors_origins = ["http://localhost:5173"]
}

postgres "main" {
  size       = "tiny"
  storage_gb = 1

  # Runs once, and once more whenever a file changes. Real data is never seeded.
  database "platform" {
    seed "demo-organisation" {
      files = ["seed/schema.sql", "seed/demo-organisation.sql"]
    }
  }
}

redis "queue" {
  size      = "tiny"
  memory_mb = 64
}

settings "api" {
  setting "LOG_LEVEL" { value = "debug" }
}
