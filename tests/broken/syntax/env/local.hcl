environment "local" {
  provider local" {}
}

variables {
  a = {
    b = 1
    b = 2
  }
}
