environment "staging" {
  data = "anonymised"
  provider "azure" {
    location       = "westeurope"
    subscription   = "00000000-0000-0000-0000-000000000000"
    resource_group = "seeds"
  }
}
