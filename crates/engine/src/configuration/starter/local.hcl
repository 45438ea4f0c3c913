# This machine. Further environments are further files in this folder; each sets variables and overrides components.
environment "local" {
  data = "mock"

  provider "local" {}
}
