//! How the marks *secret* and *known after apply* pass through an operation.
//!
//! An operation reads some arguments wholly and of others only the outline: `length` counts the elements of a
//! list and never looks at them. What is not read can neither delay a result nor make it secret. So the keys of
//! a map are known although its values are not, and the element next to a secret is no secret.
//!
//! Texts and numbers computed from a secret are secret. Truth values are not: a condition such as
//! `length(var.key) >= 32` must be able to decide, and what it tells is in the stack anyway. Neither are the
//! number of elements of a list and the keys of a map, so a secret is refused as a key.

use crate::sealing::Secret;
use crate::value::Value;

/// How much of an argument an operation reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Everything in it.
    Content,
    /// Everything in it, which becomes keys of a map and so must not be secret.
    Keys,
    /// The outline of it and of the lists directly inside it, as deep as they go.
    Lists,
    /// Its number of elements or its keys.
    Outline,
    /// Nothing; it is passed on or left out as a whole.
    Nothing,
}

impl Depth {
    /// Tells whether an argument is secret where it must not be.
    pub(super) fn refuses(self, value: &Value) -> bool {
        self == Depth::Keys && value.is_secret()
    }

    /// Tells whether an argument holds something unknown or sealed where it is read.
    pub(super) fn is_blocked_by(self, value: &Value) -> bool {
        match self {
            Depth::Content | Depth::Keys => holds_later(value),
            Depth::Lists => is_later(value) || holds_unknown_list(value),
            Depth::Outline => is_later(value),
            Depth::Nothing => false,
        }
    }

    /// Tells whether an argument holds a secret in clear where it is read.
    pub(super) fn reads_secret(self, value: &Value) -> bool {
        match self {
            Depth::Content | Depth::Keys => value.any(&|part| matches!(part, Value::Secret(_))),
            Depth::Lists | Depth::Outline => matches!(value, Value::Secret(_)),
            Depth::Nothing => false,
        }
    }
}

/// Tells whether any part is not known yet, or not without the key.
pub(super) fn holds_later(value: &Value) -> bool {
    value.any(&is_later)
}

fn is_later(value: &Value) -> bool {
    matches!(value, Value::Deferred(_) | Value::Sealed(_))
}

/// A sealed secret is a text or a number and so never a list; a deferred value may be one.
fn holds_unknown_list(value: &Value) -> bool {
    match value {
        Value::Deferred(_) => true,
        Value::List(values) => values.iter().any(holds_unknown_list),
        _ => false,
    }
}

/// Returns the value with every secret in clear, for the time of one operation.
pub(super) fn expose(value: Value) -> Value {
    match value {
        Value::Secret(secret) => match secret.as_number() {
            Some(number) => Value::Number(number),
            None => Value::String(secret.expose().to_owned()),
        },
        Value::List(values) => Value::List(values.into_iter().map(expose).collect()),
        Value::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| (key, expose(value)))
                .collect(),
        ),
        other => other,
    }
}

/// Returns the value with every text and number inside marked as secret.
#[must_use]
pub fn conceal(value: Value) -> Value {
    match value {
        Value::String(text) => Value::Secret(Secret::new(text)),
        Value::Number(number) => Value::Secret(Secret::number(number)),
        Value::List(values) => Value::List(values.into_iter().map(conceal).collect()),
        Value::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| (key, conceal(value)))
                .collect(),
        ),
        other => other,
    }
}
