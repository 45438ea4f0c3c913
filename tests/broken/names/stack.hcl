stack {
  name = "shop"
}

variable "replicas" {
  type    = number
  default = 1
}

network "main" {
  cidr = "10.0.0.0/16"
  segment "data" {}
}

postgrs "main" {
  version = 16
}

postgres "main" {
  segment  = network.main.segments.data
  replica  = 1
  replicas = var.replica
  storage  = vars.storage

  pool { mode = "session" }
  parameters = {
    work_mem        = local.memory
    max_connections = maximum(1, 2)
    application     = environment.nam
    search_path     = terraform.workspace
  }
  pooler = "session"
}

key_vault "app" {
  secret "url" { value = postgres.main.ulr }
  secret "other" { value = postgres.mian.url }
  secret "segment" { value = network.main.segment.date.cidr }
  secret "key" { value = each.key }
}

resource "aws_instance" "web" {}
