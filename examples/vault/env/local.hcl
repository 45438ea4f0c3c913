environment "local" {
  data = "mock"

  provider "local" {}
}

# Files are in version control, so a secret may stand in one only if it is worth nothing: this one opens a stand-in for
# the identity provider that runs on the same machine. A real one is given from outside:
#   INFRA_VAR_oidc_client_secret=… infra plan production

variables {
  oidc_client_secret = "only-for-the-local-stand-in"
}
