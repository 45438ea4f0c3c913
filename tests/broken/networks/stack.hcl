stack {
  name = "shop"
}

network "bits" {
  cidr = "10.0.1.0/16"
}

network "small" {
  cidr = "10.0.0.0/28"
}

network "none" {
  cidr = "10.0.0/16"
}

network "main" {
  cidr = "10.1.0.0/16"
  segment "app" {}
  segment "data" {}
  segment "Edge" { public = true }

  allow {
    from  = "internt"
    to    = "dta"
    ports = [80, 80]
  }
  allow {
    from  = "192.168.0.1/24"
    to    = "app"
    ports = [0, 65536]
  }
  allow {
    from  = "internet"
    to    = "data"
    ports = []
  }
  allow {
    form  = "app"
    to    = "data"
    ports = [5432]
  }
}
