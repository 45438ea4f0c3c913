//! Secrets: in clear only in memory, sealed everywhere else.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::expression::Expression;
use crate::value::{Number, Value};

/// A secret text or number in clear. It is wiped from memory when the last copy goes, and never printed.
#[derive(Clone)]
pub struct Secret {
    text: Arc<Zeroizing<String>>,
    is_number: bool,
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Secret {}

impl PartialOrd for Secret {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Secret {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.is_number, self.expose()).cmp(&(other.is_number, other.expose()))
    }
}

impl Secret {
    /// Takes a text as a secret.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Secret {
            text: Arc::new(Zeroizing::new(text.into())),
            is_number: false,
        }
    }

    /// Takes a number as a secret, so that expressions can still calculate with it.
    #[must_use]
    pub fn number(number: Number) -> Self {
        Secret {
            is_number: true,
            ..Secret::new(number.to_string())
        }
    }

    /// Returns the text in clear, of a number its decimal form: the caller takes care of where it goes.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Returns the number in clear, if it was taken as a number.
    #[must_use]
    pub fn as_number(&self) -> Option<Number> {
        if !self.is_number {
            return None;
        }
        let whole = self.text.parse().ok().map(Number::Int);
        whole.or_else(|| self.text.parse().ok().and_then(Number::from_f64))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A secret under an environment's data key, as printable text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(String);

impl Sealed {
    /// Wraps text that a [`Sealing`] made.
    #[must_use]
    pub fn from_text(text: String) -> Self {
        Sealed(text)
    }

    /// Returns the printable ciphertext.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(…)")
    }
}

/// Seals and opens secrets of one environment.
///
/// Sealing is deterministic: the same secret gives the same seal under the same key, so that a planner which
/// holds no key can tell whether a secret changed.
pub trait Sealing: Send + Sync {
    /// Returns the secret under the key.
    fn seal(&self, secret: &Secret) -> Sealed;

    /// Returns the secret in clear.
    ///
    /// # Errors
    ///
    /// When the seal was made with another key or was altered.
    fn open(&self, sealed: &Sealed) -> Result<Secret, OpenError>;
}

/// A seal does not fit the key: another key made it, or it was altered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("A sealed secret cannot be opened with this key")]
pub struct OpenError;

/// Precedes the seal of a number, which [`Sealing`] sees as its decimal text.
const NUMBER: &str = "number:";

fn seal_secret(secret: &Secret, sealing: &dyn Sealing) -> Sealed {
    let sealed = sealing.seal(secret);
    if secret.is_number {
        return Sealed(format!("{NUMBER}{}", sealed.0));
    }
    sealed
}

fn open_secret(sealed: &Sealed, sealing: &dyn Sealing) -> Result<Secret, OpenError> {
    let Some(number) = sealed.0.strip_prefix(NUMBER) else {
        return sealing.open(sealed);
    };
    let secret = sealing.open(&Sealed(number.to_owned()))?;
    Ok(Secret {
        is_number: true,
        ..secret
    })
}

/// Returns the value with every secret in clear replaced by its seal.
#[must_use]
pub fn seal_value(value: Value, sealing: &dyn Sealing) -> Value {
    match value {
        Value::Secret(secret) => Value::Sealed(seal_secret(&secret, sealing)),
        Value::List(values) => Value::List(
            values
                .into_iter()
                .map(|value| seal_value(value, sealing))
                .collect(),
        ),
        Value::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| (key, seal_value(value, sealing)))
                .collect(),
        ),
        Value::Deferred(expression) => match *expression {
            Expression::Apply { operation, arguments } => Value::deferred(Expression::Apply {
                operation,
                arguments: arguments
                    .into_iter()
                    .map(|value| seal_value(value, sealing))
                    .collect(),
            }),
            reference @ Expression::Reference(_) => Value::deferred(reference),
        },
        other => other,
    }
}

/// Returns the value with every seal opened; deferred parts are folded again by [`crate::expression::resolve`].
///
/// # Errors
///
/// When a seal does not fit the key.
pub fn open_value(value: Value, sealing: &dyn Sealing) -> Result<Value, OpenError> {
    Ok(match value {
        Value::Sealed(sealed) => Value::Secret(open_secret(&sealed, sealing)?),
        Value::List(values) => Value::List(
            values
                .into_iter()
                .map(|value| open_value(value, sealing))
                .collect::<Result<_, _>>()?,
        ),
        Value::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| Ok((key, open_value(value, sealing)?)))
                .collect::<Result<_, OpenError>>()?,
        ),
        Value::Deferred(expression) => match *expression {
            Expression::Apply { operation, arguments } => Value::deferred(Expression::Apply {
                operation,
                arguments: arguments
                    .into_iter()
                    .map(|value| open_value(value, sealing))
                    .collect::<Result<_, _>>()?,
            }),
            reference @ Expression::Reference(_) => Value::deferred(reference),
        },
        other => other,
    })
}
