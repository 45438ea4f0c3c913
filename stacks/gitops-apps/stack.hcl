# GitOps applications: what the applications of the three clusters need beside the clusters, and the policies by which each
# environment is brought in line with its repository.

stack {
  name        = "gitops-apps"
  description = "Database, network and sync policy of the applications"
}

variable "replicas" {
  description = "How many copies of an application run: 1 in development, 2 in staging, at least 3 in production"
  type        = number

  validation {
    condition = var.replicas >= 1
    error     = "An application without a copy does nothing"
  }
}

variable "resources" {
  description = "What one copy asks for and may use at most"
  type = object({
    cpu_request    = string
    cpu_limit      = string
    memory_request = string
    memory_limit   = string
  })
}

variable "anti_affinity" {
  description = "Whether copies are spread over zones: `none`, `soft` if there is room, `strict` always"
  type        = string
  default     = "none"

  validation {
    condition = contains(["none", "soft", "strict"], var.anti_affinity)
    error     = "It is `none`, `soft` or `strict`"
  }
}

variable "respect_ignored" {
  description = "Whether differences that an application declares as ignored are left alone, and pruning comes last"
  type        = bool
  default     = true
}

variable "debug" {
  description = "Whether people may look into running copies"
  type        = bool
  default     = false
}

network "main" {
  cidr  = "10.70.0.0/16"
  zones = 2

  segment "ingress" { public = true }
  segment "apps" {}
  segment "data" {}

  allow {
    from  = "internet"
    to    = "ingress"
    ports = [443]
  }
  allow {
    from  = "ingress"
    to    = "apps"
    ports = [8080]
  }
  allow {
    from  = "apps"
    to    = "data"
    ports = [5432]
  }
}

# One server for each copy of an application: a primary, and replicas that can take its place.

postgres "main" {
  version  = 16
  segment  = network.main.segment.data
  size     = "small"
  replicas = var.replicas - 1

  database "apps" { owner = "apps" }

  # Least privilege: what reports on the applications cannot change them.
  role "audit" { access = "read" }

  backup { retention_days = 7 }
}

settings "apps" {
  description = "The applications"

  setting "DATABASE_URL" {
    type  = "url"
    value = postgres.main.url
  }
  setting "REPLICAS" {
    type  = "integer"
    value = var.replicas
  }
  setting "CPU_REQUEST" { value = var.resources.cpu_request }
  setting "CPU_LIMIT" { value = var.resources.cpu_limit }
  setting "MEMORY_REQUEST" { value = var.resources.memory_request }
  setting "MEMORY_LIMIT" { value = var.resources.memory_limit }
  setting "ANTI_AFFINITY" {
    type   = "enum"
    values = ["none", "soft", "strict"]
    value  = var.anti_affinity
  }
  setting "DEBUG" {
    type  = "boolean"
    value = var.debug
  }
}

settings "sync" {
  description = "The policy by which the environment follows its repository"

  setting "WAVE" {
    type    = "integer"
    default = 0
  }
  setting "PRUNE" {
    type    = "boolean"
    default = true
  }
  setting "SELF_HEAL" {
    type    = "boolean"
    default = true
  }
  setting "APPLY_OUT_OF_SYNC_ONLY" {
    type    = "boolean"
    default = true
  }
  setting "RESPECT_IGNORE_DIFFERENCES" {
    type  = "boolean"
    value = var.respect_ignored
  }
  setting "PRUNE_LAST" {
    type  = "boolean"
    value = var.respect_ignored
  }
}

# The environments are alike where that is possible, and all differences are documented here:
# infra parity development production --detailed-exitcode

parity {
  exception "promotion" {
    paths  = ["environment.wave", "settings.sync.WAVE"]
    reason = "A change goes through the waves one by one"
  }
  exception "copies" {
    paths  = ["postgres.main.replicas", "settings.apps.REPLICAS"]
    reason = "One copy to try out, two to see that copies work together, at least three to stay up"
  }
  exception "spread" {
    paths  = ["settings.apps.ANTI_AFFINITY"]
    reason = "One copy need not spread; staging spreads where there is room, and production must"
  }
  exception "resources" {
    paths = [
      "settings.apps.CPU_LIMIT",
      "settings.apps.CPU_REQUEST",
      "settings.apps.MEMORY_LIMIT",
      "settings.apps.MEMORY_REQUEST",
    ]
    reason = "Development uses little, staging a representative part of what production has"
  }
  exception "fast-iteration" {
    paths = [
      "settings.apps.DEBUG",
      "settings.sync.PRUNE_LAST",
      "settings.sync.RESPECT_IGNORE_DIFFERENCES",
    ]
    between = ["development", "staging"]
    reason  = "Nobody looks into running copies but in development, which follows its repository without exceptions"
  }
  exception "machine" {
    paths   = ["environment.data", "network.main.cidr"]
    between = ["development", "staging"]
    reason  = "They share a machine, each in networks of its own, and only staging has data to test with"
  }
  exception "account" {
    paths   = ["environment.provider", "network.main.cidr"]
    between = ["staging", "production"]
    reason  = "Production has an account of its own; staging shares a machine"
  }
  exception "data" {
    paths   = ["environment.data", "environment.approval", "*.*.protect", "postgres.main.backup"]
    between = ["staging", "production"]
    reason  = "Only production holds what cannot be made anew: it is protected, backed up longer and approved by two people"
  }
  exception "zones" {
    paths   = ["network.main.zones", "postgres.main.high_availability"]
    between = ["staging", "production"]
    reason  = "Production recovers by itself when a zone fails"
  }
  exception "traffic" {
    paths   = ["network.main.aws"]
    between = ["staging", "production"]
    reason  = "Production records who talked to whom; staging shares a machine"
  }
  exception "load" {
    paths   = ["postgres.main.size", "postgres.main.storage_gb"]
    between = ["staging", "production"]
    reason  = "Staging holds a part of what production has"
  }
  exception "laptop" {
    paths = [
      "*.*.protect",
      "environment.approval",
      "environment.data",
      "environment.provider",
      "network.main.aws",
      "network.main.zones",
      "postgres.main.backup",
      "postgres.main.high_availability",
      "postgres.main.size",
      "postgres.main.storage_gb",
      "settings.apps.DEBUG",
      "settings.sync.PRUNE_LAST",
      "settings.sync.RESPECT_IGNORE_DIFFERENCES",
    ]
    between = ["development", "production"]
    reason  = "Development is for one person and can be made anew: what keeps production safe has no place in it"
  }
}
