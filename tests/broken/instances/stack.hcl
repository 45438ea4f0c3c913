stack {
  name = "shop"
}

blob_store "both" {
  for_each = { a = 1 }
  count    = 1
}

blob_store "twice" {
  for_each = ["a", "b", "a"]
}

blob_store "numbers" {
  for_each = [1, 2]
}

blob_store "text" {
  for_each = "abc"
}

blob_store "empty" {
  for_each = { "" = 1 }
}

blob_store "less" {
  count = -1
}

blob_store "named" {
  for_each    = { eu = 30, us = "x" }
  expire_days = each.value
}

blob_store "counted" {
  count = 2
  local { name = each.key }
}

key_vault "app" {
  secret "a" { value = blob_store.named.name }
  secret "b" { value = blob_store.named["eú"].name }
  secret "c" { value = blob_store.counted[2].name }
  secret "d" { value = blob_store.counted["0"].name }
  secret "e" { value = key_vault.other["x"].name }
}

key_vault "other" {}
