//! Values as configuration, plans and state see them: with known, secret and not yet known parts.
//!
//! A value keeps its marks through every expression: what was computed from a secret is a secret, what was
//! computed from an output that does not exist yet is deferred. That is why there is one type for all stages.

use std::fmt;

use crate::compact_map::CompactMap;
use crate::expression::Expression;
use crate::sealing::{Sealed, Secret};

pub mod canonical;
pub mod number;
mod serde_form;

pub use number::Number;

/// Attribute names and their values, in the order of names.
pub type Attributes = CompactMap<String, Value>;

/// A value of the stack language.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Value {
    /// No value; an attribute set to null counts as not set.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// A finite number.
    Number(Number),
    /// Text.
    String(String),
    /// An ordered list; elements may differ in type.
    List(Vec<Value>),
    /// A map or object.
    Map(Attributes),
    /// A secret in clear. It exists in memory only: `Debug` hides it and `Serialize` refuses it.
    Secret(Secret),
    /// A secret under the environment's key. Equal secrets of one environment have equal seals.
    Sealed(Sealed),
    /// Known only after apply; carries the expression that will give it.
    Deferred(Box<Expression>),
}

impl Value {
    /// Returns a string value.
    #[must_use]
    pub fn string(text: impl Into<String>) -> Self {
        Value::String(text.into())
    }

    /// Returns a list of the given values.
    #[must_use]
    pub fn list(values: impl IntoIterator<Item = Value>) -> Self {
        Value::List(values.into_iter().collect())
    }

    /// Returns a map of the given entries.
    #[must_use]
    pub fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Value)>) -> Self {
        Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| (key.into(), value))
                .collect(),
        )
    }

    /// Returns a value that will be known after apply.
    #[must_use]
    pub fn deferred(expression: Expression) -> Self {
        Value::Deferred(Box::new(expression))
    }

    /// Returns the text, if this is a plain string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the truth value, if this is a plain bool.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// Returns the number as a whole one, if this is a plain number without a fraction.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Value::Number(number) => number.as_int(),
            _ => None,
        }
    }

    /// Returns the elements, if this is a plain list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Value::List(values) => Some(values),
            _ => None,
        }
    }

    /// Returns the entries, if this is a plain map.
    #[must_use]
    pub fn as_map(&self) -> Option<&Attributes> {
        match self {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// Tells whether this is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// Tells whether every part is known now; a sealed part counts as known.
    #[must_use]
    pub fn is_known(&self) -> bool {
        !self.any(&|part| matches!(part, Value::Deferred(_)))
    }

    /// Tells whether any part is a secret, in clear, sealed, or deferred from one.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.any(&|part| match part {
            Value::Secret(_) | Value::Sealed(_) => true,
            Value::Deferred(expression) => expression.is_secret(),
            _ => false,
        })
    }

    /// Tells whether `test` holds for this value or any value inside lists and maps.
    pub fn any(&self, test: &impl Fn(&Value) -> bool) -> bool {
        test(self)
            || match self {
                Value::List(values) => values.iter().any(|value| value.any(test)),
                Value::Map(entries) => entries.values().any(|value| value.any(test)),
                _ => false,
            }
    }

    /// Names the type for people: `string`, `list`, `secret`, …
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Number(_) => "number",
            Value::String(_) => "text",
            Value::List(_) => "list",
            Value::Map(_) => "map",
            Value::Secret(_) | Value::Sealed(_) => "secret",
            Value::Deferred(_) => "value known after apply",
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Number(number) => write!(f, "{number}"),
            Value::String(text) => write!(f, "{text:?}"),
            Value::List(values) => f.debug_list().entries(values).finish(),
            Value::Map(entries) => f.debug_map().entries(entries).finish(),
            Value::Secret(_) | Value::Sealed(_) => f.write_str("(secret)"),
            Value::Deferred(expression) => write!(f, "{expression:?}"),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::String(text)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Value::Number(Number::from(value))
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Value::Number(Number::from(i64::from(value)))
    }
}
