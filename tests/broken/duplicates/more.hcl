variable "size" {
  default = "large"
}

locals {
  a = 2
}
