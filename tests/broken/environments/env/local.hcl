environment "local" {
  aliases = ["staging", "dev", "dev"]
  provider "local" {}
  provider "aws" {}
}

variables {
  siez = "large"
  size = var.size
}
