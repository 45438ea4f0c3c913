environment "staging" {
  aliases = ["stage"]
  wave    = -1
  data    = "anonymized"

  provider "azur" {
    region = "westeurope"
  }
  approval {
    required = 0
    expires  = "soon"
  }
}

postgres "mian" {
  size = "large"
}

variable "more" {}
