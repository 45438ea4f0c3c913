environment "late" {
  provider "local" {}
}

store "postgres" {
  url = postgres.main.url
}
