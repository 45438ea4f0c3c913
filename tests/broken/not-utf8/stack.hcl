stack {
  name = "shop"
}

locals {
  name = "café"
}
