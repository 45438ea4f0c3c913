# What this stack is made of. Check it with `infra validate`, see what it would do with `infra plan local`.
stack {
  name = "NAME"
}

network "main" {
  cidr = "10.10.0.0/16"

  segment "app" {}
  segment "data" {}

  allow { # everything else is denied
    from  = "app"
    to    = "data"
    ports = [5432]
  }
}

postgres "main" {
  version = 16
  segment = network.main.segment.data
  size    = "small"

  database "app" {
    owner = "app"
  }
}

key_vault "app" {
  secret "session_key" {
    generate {
      length = 48
    }
  }
}
