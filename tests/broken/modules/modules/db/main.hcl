variable "size" {
  type = string
}

postgres "main" {
  size     = var.size
  replicas = var.replicas
}

module "again" {
  source = "../db"
  size   = "small"
}

stack {
  name = "inner"
}

output "url" {
  value = postgres.main.url
}

output "broken" {
  value = postgres.other.url
}
