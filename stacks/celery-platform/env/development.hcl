# Shared by the team, changed often.

environment "development" {
  wave = 1
  data = "mock"

  provider "azure" {
    location       = "westeurope"
    subscription   = "00000000-0000-0000-0000-000000000000" # put yours here; apply refuses any other
    resource_group = "celery-development"
  }
}

variables {
  replicas       = 0
  workers        = 2
  task_retention = "3d"

  # The application that the programs sign in as: put yours here.
  entra = {
    tenant_id = "00000000-0000-0000-0000-000000000000"
    client_id = "00000000-0000-0000-0000-000000000000"
  }
}

postgres "main" {
  size = "small"

  pooler { mode = "transaction" }
}

settings "backend" {
  setting "DATABASE_URL" { value = postgres.main.pooler_url }
  setting "AZURE_TENANT_ID" { required = true }
  setting "AZURE_CLIENT_ID" { required = true }
  setting "AZURE_CLIENT_SECRET" { required = true }
}
