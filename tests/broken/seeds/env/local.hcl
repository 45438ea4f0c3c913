environment "local" {
  data = "mock"
  provider "local" {}
}

postgres "main" {
  database "app" {
    seed "shell" { files = ["seed/shell.sql"] }
    seed "ends" { files = ["seed/ends.sql", "seed/copies.sql", "seed/unclosed.sql"] }
    seed "unreadable" { files = ["seed/latin.sql", "seed/none.sql", "seed"] }
    seed "outside" { files = ["../stack.hcl", "/etc/passwd"] }
    seed "computed" { files = ["seed/${var.people}.sql"] }
    seed "empty" { files = [] }
    seed "Upper" { files = ["seed/fine.sql"] }
    seed "nothing" {}
    seed "lost" {
      files = ["seed/fine.sql"]
      after = ["everywher"]
    }
  }
  database "ring" {
    seed "one" {
      files = ["seed/fine.sql"]
      after = ["two"]
    }
    seed "two" {
      files = ["seed/fine.sql"]
      after = ["one"]
    }
  }
}
