# Like production, for testing before a release.

environment "staging" {
  wave = 2
  data = "anonymised"

  provider "azure" {
    location       = "westeurope"
    subscription   = "00000000-0000-0000-0000-000000000000" # put yours here; apply refuses any other
    resource_group = "celery-staging"
  }
}

variables {
  replicas       = 1
  workers        = 3
  task_retention = "7d"

  # The application that the programs sign in as: put yours here.
  entra = {
    tenant_id = "00000000-0000-0000-0000-000000000000"
    client_id = "00000000-0000-0000-0000-000000000000"
  }
}

postgres "main" {
  size = "medium"

  pooler { mode = "transaction" }
}

settings "backend" {
  setting "DATABASE_URL" { value = postgres.main.pooler_url }
  setting "AZURE_TENANT_ID" { required = true }
  setting "AZURE_CLIENT_ID" { required = true }
  setting "AZURE_CLIENT_SECRET" { required = true }
}
