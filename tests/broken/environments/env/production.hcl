environment "prod" {
  aliases = ["stage"]
  data    = "real"
}

postgres "main" {
  replicas = 16
}
