stack {
  name = "shop"
}

module "db" {
  source = "./modules/db"
  sise   = "large"
}

module "lost" {
  source = "./modules/lost"
}

module "far" {
  source = "https://example.org/module"
}

module "none" {}

module "many" {
  source   = "./modules/db"
  size     = "small"
  for_each = ["a", "b"]
}

key_vault "app" {
  secret "url" { value = module.db.ulr }
  secret "host" { value = module.bd.host }
}
