environment "settings" {
  provider "local" {}
}

store "object" {
  url      = "file:///srv/infra"
  region   = "eu-west-1"
  endpoint = "localhost:9000"
}
