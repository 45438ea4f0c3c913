# Integration tests with last week's data of production, persons made unrecognisable.

environment "staging" {
  wave = 1
  data = "anonymised"

  provider "aws" {
    region  = "eu-west-1"
    account = "111122223333" # an example of AWS's own: put yours here; apply refuses any other
  }
}

variables {
  domain = "staging.internal"
}

postgres "main" {
  size       = "medium"
  storage_gb = 50
}
