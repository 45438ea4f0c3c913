environment "production" {
  data = "real"
  provider "local" {}
}
