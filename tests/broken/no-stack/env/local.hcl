environment "local" {
  provider "local" {}
}
