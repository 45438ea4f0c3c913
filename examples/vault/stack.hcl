# Key vaults: secrets that are generated, secrets that are given, and one vault per service.

stack {
  name = "vault"
}

variable "services" {
  description = "The services that get a vault each"
  type        = list(string)
  default     = ["api", "worker"]
}

variable "oidc_client_secret" {
  description = "What the services tell the identity provider; every environment has its own"
  type        = string
  secret      = true

  # The condition may look at a secret: true and false hide nothing.
  validation {
    condition = length(var.oidc_client_secret) >= 16
    error     = "An OIDC client secret has at least 16 characters"
  }
}

variable "mail_password" {
  description = "Password of the mail relay, where there is one"
  type        = string
  secret      = true
  nullable    = true
  default     = null
}

# One vault per service: key_vault.service["api"], key_vault.service["worker"]. Taking a service out of the list
# deletes its vault and leaves the others alone, whatever their order.

key_vault "service" {
  for_each = toset(var.services)

  # Generated where it is kept. The stack never sees it, and no plan shows it.
  secret "session_key" {
    generate {
      length   = 64
      alphabet = "hex"
    }
  }

  # Given, and computed from something secret: so it is secret too.
  secret "oidc" {
    value = jsonencode({ client = "${each.key}-service", secret = var.oidc_client_secret })
  }
}

# Only where a password was given.

key_vault "mail" {
  count = var.mail_password == null ? 0 : 1

  secret "password" { value = var.mail_password }
}
