//! Operators and functions of the stack language, folded in one place.
//!
//! Reading a stack and applying a plan both end here, so an expression means the same before and after its
//! references are known. Everything is pure: no operation reads a file, the time or a random source.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::expression::Expression;
use crate::value::Value;

pub mod function;
mod limit;
mod marks;
mod operator;
#[cfg(test)]
mod tests;

pub use function::Function;
pub use marks::{Depth, conceal};
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

    /// Returns the result, deferred if something that the operation reads is not known or sealed.
    ///
    /// Reading a secret makes the texts and numbers of the result secret; see [`Depth`] for what is read.
    ///
    /// # Errors
    ///
    /// When the arguments do not fit the operation. Their number is checked even if the result is deferred.
    pub fn fold(self, arguments: Vec<Value>) -> Result<Value, OperationError> {
        self.check_count(arguments.len())?;
        let mut places = arguments.iter().enumerate();
        if let Some((at, _)) = places.find(|(at, value)| self.depth(*at).refuses(value)) {
            return Err(OperationError::argument(
                at,
                "A secret cannot be a key, because keys are shown",
            ));
        }
        let any = |test: &dyn Fn(Depth, &Value) -> bool| {
            let mut places = arguments.iter().enumerate();
            places.any(|(at, value)| test(self.depth(at), value))
        };
        let secret = self.makes_secret() || any(&|depth, value| depth.reads_secret(value));
        // A result that depends on a secret could be an unknown part passed on unread: it waits, or it would
        // lose the mark.
        let later = any(&|depth, value| depth.is_blocked_by(value))
            || secret && arguments.iter().any(marks::holds_later);
        if later {
            return Ok(Value::deferred(Expression::Apply {
                operation: self,
                arguments,
            }));
        }
        if !secret {
            return self.evaluate(&arguments);
        }
        let exposed = arguments.into_iter().enumerate().map(|(at, value)| {
            let read = self.depth(at).reads_secret(&value);
            if read { marks::expose(value) } else { value }
        });
        self.evaluate(&exposed.collect::<Vec<_>>()).map(marks::conceal)
    }

    /// Tells whether every result is secret, whatever it is computed from.
    #[must_use]
    pub fn makes_secret(self) -> bool {
        matches!(self, Operation::Call(function) if function.name() == function::SENSITIVE)
    }

    fn depth(self, argument: usize) -> Depth {
        match self {
            Operation::Operator(operator) => operator.depth(argument),
            Operation::Call(function) => function.depth(argument),
        }
    }

    fn check_count(self, count: usize) -> Result<(), OperationError> {
        match self {
            Operation::Operator(_) => Ok(()),
            Operation::Call(function) => function.check_count(count),
        }
    }

    fn evaluate(self, arguments: &[Value]) -> Result<Value, OperationError> {
        let result = match self {
            Operation::Operator(operator) => operator.evaluate(arguments),
            Operation::Call(function) => function.evaluate(arguments),
        }?;
        limit::check(&result)?;
        Ok(result)
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
