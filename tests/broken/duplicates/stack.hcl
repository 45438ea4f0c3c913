stack {
  name = "shop"
}

stack {
  name = "again"
}

variable "size" {
  default = "small"
}

locals {
  a = 1
}

postgres "main" {
  size = "small"
  size = "large"

  pooler {}
  pooler {}
  database "app" {}
  database "app" {}
  database "audit" { owner = "reader" }
  role "reader" { access = "read" }
}

postgres "main" {
  size = "large"
}

redis {
  mode = "single"
}

redis "a" "b" {}
