stack {
  name = 'shop'
}

network "main" {
  cidr  = 10.0.0.0/16
  zones = [1, 2

  segment "app" { public: true }
}

postgres "main" {
  version  = 16,
  replicas = 1 +
  size     = "small
  backup {
    retention_days = 7; point_in_time = true
  }
}

redis "cache" {
  mode = "single"
}}

locals {
  greeting = "Hello ${var.}"
  path     = "C:\data"
  text     = <<EOT
    never closed
}
