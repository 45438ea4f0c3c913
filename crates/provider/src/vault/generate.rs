//! Secrets from the machine's random source.

use infra_model::sealing::Secret;
use infra_model::value::Value;
use zeroize::Zeroizing;

use crate::error::{ErrorKind, ProviderError};

/// How many characters a generated secret has at most: more is a slip, not a secret.
pub const LENGTH_MAX: i64 = 4096;

/// How a secret is generated, as the attribute `generate` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipe {
    length: usize,
    alphabet: &'static [u8],
}

/// The attribute `generate` cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecipeError {
    /// The length is missing or out of bounds.
    #[error("A generated secret has between 1 and {LENGTH_MAX} characters")]
    Length,
    /// The alphabet has no such name.
    #[error("A generated secret is `alphanumeric`, `hex` or `url_safe`")]
    Alphabet,
    /// The machine gives no random bytes.
    #[error("The machine gives no random bytes: {0}")]
    Random(String),
}

impl RecipeError {
    /// Returns the error of a provider's call that needed the secret; nothing was called.
    #[must_use]
    pub fn rejected(&self, operation: &str) -> ProviderError {
        let kind = match self {
            RecipeError::Random(_) => ErrorKind::Environment,
            RecipeError::Length | RecipeError::Alphabet => ErrorKind::Invalid,
        };
        ProviderError::rejected(kind, operation, self.to_string())
    }
}

impl Recipe {
    /// Reads the attribute `generate`: a map of `length` and `alphabet`.
    ///
    /// # Errors
    ///
    /// When either cannot be followed.
    pub fn from_value(value: &Value) -> Result<Self, RecipeError> {
        let entries = value.as_map().ok_or(RecipeError::Length)?;
        let length = entries
            .get("length")
            .and_then(Value::as_int)
            .ok_or(RecipeError::Length)?;
        if !(1..=LENGTH_MAX).contains(&length) {
            return Err(RecipeError::Length);
        }
        let alphabet: &[u8] = match entries.get("alphabet").and_then(Value::as_str) {
            None | Some("alphanumeric") => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
            Some("hex") => b"0123456789abcdef",
            Some("url_safe") => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~",
            Some(_) => return Err(RecipeError::Alphabet),
        };
        Ok(Recipe {
            length: length as usize,
            alphabet,
        })
    }

    /// Returns a new secret. Every character of the alphabet is equally likely.
    ///
    /// # Errors
    ///
    /// When the machine gives no random bytes.
    pub fn generate(&self) -> Result<Secret, RecipeError> {
        // Bytes at or above the largest multiple of the alphabet's size are thrown away, or the first characters
        // would be likelier than the rest.
        let limit = 256 - 256 % self.alphabet.len();
        let mut text = String::with_capacity(self.length);
        let mut bytes = Zeroizing::new([0_u8; 64]);
        while text.len() < self.length {
            getrandom::fill(&mut bytes[..]).map_err(|error| RecipeError::Random(error.to_string()))?;
            let fit = bytes.iter().filter(|byte| usize::from(**byte) < limit);
            let characters =
                fit.map(|byte| char::from(self.alphabet[usize::from(*byte) % self.alphabet.len()]));
            text.extend(characters.take(self.length - text.len()));
        }
        Ok(Secret::new(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(length: i64, alphabet: &str) -> Result<Recipe, RecipeError> {
        let entries = [
            ("length", Value::from(length)),
            ("alphabet", Value::from(alphabet)),
        ];
        Recipe::from_value(&Value::map(entries))
    }

    #[test]
    fn a_secret_has_the_length_and_alphabet_asked_for() {
        let secret = recipe(300, "hex").unwrap().generate().unwrap();
        assert_eq!(secret.expose().len(), 300);
        assert!(
            secret
                .expose()
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase())
        );
        assert!(
            (b'0'..=b'9')
                .chain(b'a'..=b'f')
                .all(|byte| secret.expose().contains(char::from(byte)))
        );
    }

    #[test]
    fn two_secrets_differ() {
        let recipe = recipe(32, "url_safe").unwrap();
        assert_ne!(recipe.generate().unwrap(), recipe.generate().unwrap());
    }

    #[test]
    fn what_cannot_be_followed_is_refused() {
        assert_eq!(recipe(0, "hex"), Err(RecipeError::Length));
        assert_eq!(recipe(LENGTH_MAX + 1, "hex"), Err(RecipeError::Length));
        assert_eq!(recipe(8, "runes"), Err(RecipeError::Alphabet));
    }
}
