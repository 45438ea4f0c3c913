stack {
  name = "shop"
}

variable "token" {
  type    = string
  secret  = true
  default = "hunter2hunter2"
}

blob_store "by_token" {
  for_each = [var.token]
}

blob_store "keyed" {
  for_each = { (var.token) = 1 }
}

blob_store "counted" {
  count = length(var.token)
}

postgres "main" {
  size       = var.token
  extensions = [var.token]
  database "app" { owner = "a_${var.token}" }
}

key_vault "app" {
  secret "plain" { value = "in-clear" }
  secret "both" {
    value = var.token
    generate {}
  }
  secret "neither" {}
  secret "short" {
    generate { length = 4 }
  }
}
