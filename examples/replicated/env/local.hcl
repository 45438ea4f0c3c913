environment "local" {
  data = "mock"

  provider "local" {}
}

postgres "main" {
  size = "tiny"
}
