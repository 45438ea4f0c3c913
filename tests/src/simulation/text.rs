//! Looks for secrets in whatever leaves the memory of an engine.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// How many hexadecimal digits follow `key-` in a secret that the simulated cloud generates, at least. Names of
/// resources have `key-` too.
const KEY_DIGITS: usize = 32;

/// Secrets that must not be seen anywhere.
#[derive(Debug, Default)]
pub struct Secrets(Mutex<BTreeSet<String>>);

impl Secrets {
    /// Adds a secret that the stack was given.
    pub fn learn(&self, secret: &str) {
        self.set().insert(secret.to_owned());
    }

    /// Returns one of the secrets that the stack was given.
    #[must_use]
    pub fn any(&self) -> Option<String> {
        self.set().first().cloned()
    }

    /// Returns the first secret in a text, if there is one.
    #[must_use]
    pub fn found_in(&self, text: &str) -> Option<String> {
        let given = self.set();
        let given = given.iter().find(|secret| text.contains(secret.as_str()));
        given.cloned().or_else(|| generated(text))
    }

    fn set(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn generated(text: &str) -> Option<String> {
    let digits = |rest: &str| rest.bytes().take_while(u8::is_ascii_hexdigit).count();
    text.match_indices("key-")
        .map(|(at, _)| &text[at + 4..])
        .find(|rest| digits(rest) >= KEY_DIGITS)
        .map(|rest| format!("key-{}", &rest[..KEY_DIGITS]))
}

/// Returns an error with all its causes, as people and as logs see it.
#[must_use]
pub fn of_error(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(|error| format!("{error} {error:?}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_told_from_names_that_look_like_them() {
        let secrets = Secrets::default();
        secrets.learn("hunter2");
        assert_eq!(
            secrets.found_in("the password is hunter2!"),
            Some("hunter2".to_owned())
        );
        assert_eq!(secrets.found_in("shop-key-vault-main key-4711"), None);
        let key = format!("a key-{}", "0123456789abcdef".repeat(4));
        assert!(secrets.found_in(&key).is_some());
    }
}
