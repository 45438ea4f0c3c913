environment "local" {
  data = "mock"

  provider "local" {}
}
