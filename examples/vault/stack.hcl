# Key vaults: secrets that are generated, secrets that are given, and one vault per service.

stack {
  name = "vault"
}

variable "services" {
  description = "The services that get a vault each"
  type        = list(string)
  default     = ["api", "worker"]
}

variable "mail_password" {
  description = "Password of the mail relay, where there is one"
  type        = string
  secret      = true
  nullable    = true
  default     = null

  # The condition may look at a secret: true and false hide nothing.
  validation {
    condition = var.mail_password == null ? true : length(var.mail_password) >= 12
    error     = "A password has at least 12 characters"
  }
}

# Generated where it is kept. The stack never sees it, and no plan shows it.

key_vault "identity" {
  secret "client" {
    generate {
      length   = 64
      alphabet = "hex"
    }
  }
}

# One vault per service: key_vault.service["api"], key_vault.service["worker"]. Taking a service out of the list
# deletes its vault and leaves the others alone, whatever their order.

key_vault "service" {
  for_each = toset(var.services)

  secret "session_key" {
    generate { length = 48 }
  }

  # Computed from a secret of another vault: so it is secret, and made after that one.
  secret "oidc" {
    value = jsonencode({ client = "${each.key}-service", secret = key_vault.identity.secret.client })
  }
}

# Given from outside, and only there if it was: INFRA_VAR_mail_password=… infra apply local

key_vault "mail" {
  count = var.mail_password == null ? 0 : 1

  secret "password" { value = var.mail_password }
}
