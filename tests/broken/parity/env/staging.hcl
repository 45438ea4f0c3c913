environment "staging" {
  aliases = ["stage"]

  provider "local" {}
}

parity {}
