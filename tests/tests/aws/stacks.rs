//! Stacks that several tests apply.

/// A little of everything that can be made quickly.
pub(crate) const SMALL: &str = r#"
stack {
  name = "small"
}

key_vault "app" {
  secret "session" {
    generate { length = 40 }
  }

  secret "mail" {
    value = "first-value"
  }
}

key_vault "other" {
  secret "token" {
    generate { length = 20 }
  }
}
"#;
