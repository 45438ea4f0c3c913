environment "secret" {
  provider "local" {}
}

store "object" {
  url = "s3://team/${sensitive("infra")}"
}
