# The smallest useful stack: one PostgreSQL server on this machine, with one database.

stack {
  name = "minimal"
}

postgres "main" {
  version = 16

  database "app" {} # owned by a role of the same name, with a generated password
}
