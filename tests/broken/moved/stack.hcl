stack {
  name = "shop"
}

postgres "main" {}

redis "cache" {
  for_each = ["eu"]
}

moved {
  from = postgres.old
  to   = postgres.main
}

moved {
  from = postgres.old
  to   = postgres.mian
}

moved {
  from = postgres.main
  to   = postgres.main
}

moved {
  from = redis.cache
  to   = postgres.main
}

moved {
  from = redis.cache["eu"]
  to   = "redis.cache/local.redis.server.primary"
}

moved {
  from = "nonsense"
}
