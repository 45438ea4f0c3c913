stack {
  name = "parity"
}

postgres "main" {
  version = 16
}

parity {
  exception "unreasonable" {
    paths = ["postgres.main.size"]
  }
  exception "empty" {
    paths  = []
    reason = "  "
  }
  exception "pathless" {
    paths  = []
    reason = "None of them"
  }
  exception "alone" {
    paths   = ["postgres.main.size"]
    between = ["staging", "stage"]
    reason  = "Alone"
  }
  exception "elsewhere" {
    paths   = ["postgres.main.size"]
    between = ["staging", "prodution"]
    reason  = "A slip of the fingers"
  }
  exception "broken-path" {
    paths  = ["postgres..size", "postgres main"]
    reason = postgres.main.url
  }
  exception "Sizes" {
    path   = "postgres.main.size"
    reason = "Wrong name, wrong attribute"
  }
  exception "alone" {
    paths  = ["postgres.main.size"]
    reason = "Twice"
  }
}
