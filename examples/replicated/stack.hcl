# PostgreSQL with two read replicas and a connection pooler, in a network of three segments.

stack {
  name = "replicated"
}

variable "replicas" {
  description = "Read replicas: change it and apply again, the cluster grows or shrinks in place"
  type        = number
  default     = 2
}

network "main" {
  cidr = "10.40.0.0/16"

  segment "edge" { public = true }
  segment "app" {}
  segment "data" {}

  # Everything else is denied: from the edge the ports below are closed.
  allow {
    from  = "app"
    to    = "data"
    ports = [5432, 6432] # PostgreSQL and the pooler
  }
}

postgres "main" {
  version  = 16
  segment  = network.main.segment.data
  replicas = var.replicas

  parameters = {
    work_mem        = "8MB" # takes effect at once
    max_connections = 150   # needs a restart: the plan says so before anything happens
  }

  pooler { mode = "transaction" }
  database "app" { owner = "app" }
  role "readonly" { access = "read" }
}
