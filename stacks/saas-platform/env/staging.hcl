# The topology of production, smaller.

environment "staging" {
  wave = 1
  data = "anonymised"

  provider "aws" {
    region  = "eu-west-1"
    account = "111122223333" # an example of AWS's own: put yours here; apply refuses any other
  }
}

variables {
  # Reserved for documentation: nobody signs in until you say who may.
  oidc_issuer  = "https://id.staging.example.org/"
  cors_origins = ["https://app.staging.example.org"]
  replicas     = 1
  workers      = 2
}

network "main" {
  aws {
    nat       = "single" # the application asks its identity provider
    egress    = ["app"]
    endpoints = ["s3"]
  }
}

postgres "main" {
  size       = "medium"
  storage_gb = 50
}
