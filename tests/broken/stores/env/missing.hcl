environment "missing" {
  provider "local" {}
}

store "postgres" {
  previous "object" {}
}
