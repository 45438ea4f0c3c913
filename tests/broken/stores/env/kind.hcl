environment "kind" {
  provider "local" {}
}

store "postgresql" {
  url = "postgres://db/infra"
}
