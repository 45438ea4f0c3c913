environment "scheme" {
  provider "local" {}
}

store "object" {
  url = "gs://team/infra"
}
