stack {
  name = "shop"
}

network "main" {
  cidr = "10.0.0.0/16"

  segment "app" {
    public = true
}

postgres "main" {
  version = 16
  pooler {
    mode = "transaction"
  }

redis "cache" {
  shard = 3
}
