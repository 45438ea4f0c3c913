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

/// The same with a change of everything that can be changed in place.
pub(crate) const CHANGED: &str = r#"
stack {
  name = "small"
}

key_vault "app" {
  aws { tags = { team = "a" } }

  secret "session" {
    generate { length = 30 }
  }

  secret "mail" {
    value = "second-value"
  }
}

key_vault "other" {
  aws { rotation = { lambda = "arn:aws:lambda:eu-west-1:111122223333:function:rotate", days = 7 } }

  secret "token" {
    generate { length = 20 }
  }
}
"#;
