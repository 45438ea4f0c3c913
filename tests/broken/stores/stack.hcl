# Every way to say wrongly where the state is kept: here, and one per environment.

stack {
  name = "stores"
}

variable "bucket" {
  type    = string
  default = "team"
}

variable "token" {
  type   = string
  secret = true
  default = null
  nullable = true
}

postgres "main" {}

store "object" {
  url    = "s3://${var.buckett}/infra"
  zone   = "eu-west-1"
}

store "postgres" {
  url = "postgres://db/infra"
}

backend "s3" {}
