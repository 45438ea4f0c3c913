environment "label" {
  provider "local" {}
}

store {
  url = "s3://team/infra"
}
