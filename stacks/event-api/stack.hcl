# Event API: what the services (Hono, Elixir, BAML) need around them, once for all environments.
#
# This file says what is alike everywhere. What differs stands in env/<environment>.hcl, and only there, so that the
# difference between staging and production is a file one can read.

stack {
  name        = "event-api"
  description = "Database, network and secrets of the Event API"
}

# Variables are the only things an environment can choose freely. Each has a type, and a default where one value is
# right for most environments. None of them guesses an organisation: accounts and addresses have no default.

variable "replicas" {
  description = "Read replicas of the database"
  type        = number
  default     = 0

  validation {
    condition = var.replicas <= 5
    error     = "Five replicas serve any load that this application has seen; ask before you add more"
  }
}

variable "clients" {
  description = "Who may reach the public edge: `internet`, or an address range such as that of a VPN"
  type        = string
  default     = "internet"
}

variable "graph" {
  description = "Whether the provider offers the graph extension AGE: Azure does, AWS and the local build do not"
  type        = bool
  default     = false
}

variable "openai_api_key" {
  description = "Key of the OpenAI API; without it the services answer from their own mock"
  type        = string
  secret      = true # hidden in every output, encrypted in the state
  nullable    = true # there is no default that only looks like a key
  default     = null
}

locals {
  # The ports of the services: Hono, Elixir and BAML.
  service_ports = [3000, 4000, 8080]

  # The same extensions in every environment, so that what works on a laptop works in production.
  extensions = concat(["vector", "uuid-ossp"], var.graph ? ["age"] : [])
}

# Three segments. What no rule allows is denied: the edge cannot reach the database, and nothing in the data segment
# can reach the internet.

network "main" {
  cidr  = "10.30.0.0/16"
  zones = 2

  segment "edge" { public = true } # load balancers
  segment "app" {}                 # the services
  segment "data" {}                # the database

  allow {
    from  = var.clients
    to    = "edge"
    ports = [443]
  }
  allow {
    from  = "edge"
    to    = "app"
    ports = local.service_ports
  }
  allow {
    from  = "app"
    to    = "data"
    ports = [5432, 6432] # PostgreSQL and its pooler
  }
}

postgres "main" {
  version    = 16
  segment    = network.main.segment.data # a reference: the network is made first
  size       = "small"                   # a portable class; each provider maps it to its own machines
  storage_gb = 20
  replicas   = var.replicas
  extensions = local.extensions

  # The services open many short connections; the pooler keeps few long ones to the server.
  pooler { mode = "transaction" }

  # The owner's password is generated and never stands in any file; the services get it as part of
  # `postgres.main.url`, people read it with: infra output <environment> postgres.main.url
  database "event_api" { owner = "event_api" }

  # For reports, and for people who only need to look.
  role "readonly" { access = "read" }

  backup {
    retention_days = 7
    point_in_time  = true
  }
}

key_vault "app" {
  secret "jwt_key" {
    generate { length = 48 } # made by the provider; replaced with: infra rotate
  }
  secret "database_url" {
    value = postgres.main.pooler_url # known after apply; secret, because the URL holds a password
  }
}

# This vault exists only where a key was given. Whether something is null is no secret, so it may decide how many
# vaults there are; the key itself may not.

key_vault "openai" {
  count = var.openai_api_key == null ? 0 : 1

  secret "api_key" { value = var.openai_api_key }
}

settings "services" {
  description = "Hono, Elixir and BAML"

  setting "DATABASE_URL" {
    type        = "url"
    value       = postgres.main.pooler_url
    description = "Through the pooler: the services open many short connections"
  }
  setting "DATABASE_READ_URL" {
    type        = "url"
    value       = postgres.main.role.readonly.url
    description = "For reports"
  }
  setting "JWT_KEY" {
    type  = "secret"
    value = key_vault.app.secret.jwt_key
  }
  setting "OPENAI_API_KEY" {
    type        = "secret"
    value       = var.openai_api_key
    required    = false
    description = "Without it the services answer from their own mock"
  }
  setting "LOG_LEVEL" {
    type    = "enum"
    values  = ["debug", "info", "warning", "error"]
    default = "info"
  }
}

# In what staging and production differ, and why: infra parity staging production

parity {
  exception "place" {
    paths   = ["environment.provider.account", "environment.wave"]
    between = ["staging", "production"]
    reason  = "Each environment has an account of its own, and a change reaches staging first"
  }
  exception "exposure" {
    paths   = ["network.main.allow.edge"]
    between = ["staging", "production"]
    reason  = "Production is public; staging is reached through the VPN and from one office"
  }
  exception "data" {
    paths   = ["environment.data", "environment.approval", "*.*.protect", "postgres.main.backup.retention_days"]
    between = ["staging", "production"]
    reason  = "Only production holds real data: it is kept longer, protected, and changed with two approvals"
  }
  exception "traffic" {
    paths   = ["network.main.aws"]
    between = ["staging", "production"]
    reason  = "Production records who talked to whom and asks a real language model; staging answers from the services' own mock"
  }
  exception "load" {
    paths   = ["postgres.main.size", "postgres.main.storage_gb", "postgres.main.replicas"]
    between = ["staging", "production"]
    reason  = "Staging proves the shape, not the load"
  }
  exception "failover" {
    paths   = ["network.main.zones", "postgres.main.high_availability"]
    between = ["staging", "production"]
    reason  = "A zone that fails may stop staging, and must not stop production"
  }
}
