stack {
  name = "shop"
}

variable "missing" {
  type = number
}

variable "replicas" {
  type    = number
  default = 3
  validation {
    condition = var.replicas <= 2
    error     = "at most 2 replicas, not ${var.replicas}"
  }
  validation {
    condition = "maybe"
  }
}

variable "ports" {
  type    = list(number)
  default = [80, "https"]
}

variable "users" {
  type = map(object({
    name  = string
    admin = optional(bool, false)
  }))
  default = {
    ann = { name = "Ann" }
    bob = { admin = true }
    cat = { name = "Cat", age = 3 }
  }
}

variable "nothing" {
  default = null
}

variable "typo" {
  type = strng
}

variable "quoted" {
  type    = "string"
  default = local.x
}

postgres "main" {
  replicas = var.missing
}
