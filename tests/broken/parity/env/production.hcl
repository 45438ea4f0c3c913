environment "production" {
  provider "local" {}
}
