stack {
  name = "shop"
}

variable "size" {
  default = "small"
}

postgres "main" {
  size = var.size
}

environment "test" {}
