environment "twice" {
  provider "local" {}
}

store "object" {
  url = "s3://team/infra"

  previous "embedded" {}
  previous "postgres" {
    url = "mysql://db/infra"
  }
}
