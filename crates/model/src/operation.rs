//! Operators and functions of the stack language, folded in one place.
//!
//! Reading a stack and applying a plan both end here, so an expression means the same before and after its
//! references are known. Everything is pure: no operation reads a file, the time or a random source.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::expression::Expression;
use crate::sealing::Secret;
use crate::value::Value;

pub mod function;
mod operator;

pub use function::Function;
pub use operator::Operator;

/// What an expression does to its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// An operator, an index, a conditional or a template.
    Operator(Operator),
    /// A call of a function by name.
    Call(Function),
}

impl Operation {
    /// Returns the name, unique among operators and functions.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Operation::Operator(operator) => operator.name(),
            Operation::Call(function) => function.name(),
        }
    }

    /// Returns the result, deferred if an argument is.
    ///
    /// A secret argument makes the whole result secret. A sealed or deferred argument makes it deferred.
    ///
    /// # Errors
    ///
    /// When the arguments do not fit the operation.
    pub fn fold(self, arguments: Vec<Value>) -> Result<Value, OperationError> {
        if arguments.iter().any(blocks) {
            return Ok(Value::deferred(Expression::Apply {
                operation: self,
                arguments,
            }));
        }
        if !arguments.iter().any(Value::is_secret) {
            return self.evaluate(&arguments);
        }
        let exposed: Vec<Value> = arguments.into_iter().map(expose).collect();
        self.evaluate(&exposed).map(conceal)
    }

    fn evaluate(self, arguments: &[Value]) -> Result<Value, OperationError> {
        match self {
            Operation::Operator(operator) => operator.evaluate(arguments),
            Operation::Call(function) => function.evaluate(arguments),
        }
    }
}

fn blocks(value: &Value) -> bool {
    value.any(&|part| matches!(part, Value::Deferred(_) | Value::Sealed(_)))
}

fn expose(value: Value) -> Value {
    match value {
        Value::Secret(secret) => Value::String(secret.expose().to_owned()),
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

/// Marks every text and number inside as secret; truth values and nulls stay, they hold nothing to hide.
fn conceal(value: Value) -> Value {
    match value {
        Value::String(text) => Value::Secret(Secret::new(text)),
        Value::Number(number) => Value::Secret(Secret::new(number.to_string())),
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

/// Arguments do not fit an operation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct OperationError {
    /// Which argument is wrong, from zero; nothing if it is their number or combination.
    pub argument: Option<usize>,
    /// What is wrong, in words for the user. Never holds a value, which may be secret.
    pub message: String,
}

impl OperationError {
    /// Returns an error about one argument.
    #[must_use]
    pub fn argument(argument: usize, message: impl Into<String>) -> Self {
        OperationError {
            argument: Some(argument),
            message: message.into(),
        }
    }

    /// Returns an error about the arguments together.
    #[must_use]
    pub fn whole(message: impl Into<String>) -> Self {
        OperationError {
            argument: None,
            message: message.into(),
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Operation {
    type Err = OperationError;

    fn from_str(name: &str) -> Result<Self, OperationError> {
        Operator::ALL
            .iter()
            .find(|operator| operator.name() == name)
            .map(|operator| Operation::Operator(*operator))
            .or_else(|| Function::by_name(name).map(Operation::Call))
            .ok_or_else(|| OperationError::whole(format!("There is no operation `{name}`")))
    }
}

impl Serialize for Operation {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Operation {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}
