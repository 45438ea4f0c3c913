stack { name = "seeds" }

variable "people" {
  type    = string
  default = "people"
}

postgres "main" {
  database "app" {
    seed "everywhere" { files = ["seed/fine.sql"] }
  }
}
