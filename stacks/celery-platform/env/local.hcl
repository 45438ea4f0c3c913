# A developer's machine: minimal services, a direct connection, one worker.

environment "local" {
  aliases = ["dev-machine"]
  wave    = 0
  data    = "mock"

  provider "local" {}
}

variables {
  client_secret = null # no application signs in here
}

postgres "main" {
  size       = "tiny"
  storage_gb = 1
}

redis "broker" {
  size      = "tiny"
  memory_mb = 64
}

# Celery has a spelling of its own for a socket.
settings "backend" {
  setting "REDIS_URL" {
    value = replace(replace(redis.broker.url, "unix://default:", "redis+socket://:"), "?db=0", "?virtual_host=0")
  }
}
