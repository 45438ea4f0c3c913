# Integration tests and the last look before production: the same shape, smaller, with anonymised data.

environment "staging" {
  wave = 1
  data = "anonymised"

  provider "aws" {
    region  = "eu-west-1"
    account = "111122223333" # an example of AWS's own: put yours here; apply refuses any other
  }
}

variables {
  replicas = 1

  # Only the VPN reaches staging. This range is reserved for documentation, so nobody gets in until you change it.
  clients = "198.51.100.0/24"
}

# A further `allow` is added to those of the stack: here an office with a fixed address.

network "main" {
  allow {
    from  = "203.0.113.7/32"
    to    = "edge"
    ports = [443]
  }
}

postgres "main" {
  size       = "medium"
  storage_gb = 50
}
