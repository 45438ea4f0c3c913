//! The arguments of one call, read as the types that a function expects.
//!
//! Every error names the parameter and never holds a value, which may be secret.

use crate::operation::OperationError;
use crate::operation::function::FunctionEntry;
use crate::operation::function::signature::Signature;
use crate::value::{Attributes, Number, Value};

/// The arguments of a call, in order; their number fits the signature.
#[derive(Clone, Copy)]
pub(super) struct Arguments<'a> {
    signature: Signature,
    values: &'a [Value],
}

impl<'a> Arguments<'a> {
    pub(super) fn new(entry: &FunctionEntry, values: &'a [Value]) -> Self {
        Arguments {
            signature: Signature::of(entry),
            values,
        }
    }

    /// Returns an argument; one that was left out is null.
    pub(super) fn value(self, at: usize) -> &'a Value {
        self.values.get(at).unwrap_or(&Value::Null)
    }

    /// Returns all arguments.
    pub(super) fn all(self) -> &'a [Value] {
        self.values
    }

    pub(super) fn text(self, at: usize) -> Result<&'a str, OperationError> {
        let value = self.value(at);
        value.as_str().ok_or_else(|| self.mismatch(at, "a text", value))
    }

    pub(super) fn number(self, at: usize) -> Result<Number, OperationError> {
        match self.value(at) {
            Value::Number(number) => Ok(*number),
            other => Err(self.mismatch(at, "a number", other)),
        }
    }

    pub(super) fn int(self, at: usize) -> Result<i64, OperationError> {
        let whole = self.number(at)?.as_int();
        whole.ok_or_else(|| self.error(at, "must be a whole number of at most 64 bits"))
    }

    /// Returns a whole number from zero.
    pub(super) fn count(self, at: usize) -> Result<usize, OperationError> {
        let count = usize::try_from(self.int(at)?);
        count.map_err(|_| self.error(at, "must not be negative"))
    }

    pub(super) fn list(self, at: usize) -> Result<&'a [Value], OperationError> {
        let value = self.value(at);
        value.as_list().ok_or_else(|| self.mismatch(at, "a list", value))
    }

    pub(super) fn map(self, at: usize) -> Result<&'a Attributes, OperationError> {
        let value = self.value(at);
        value.as_map().ok_or_else(|| self.mismatch(at, "a map", value))
    }

    /// Returns the elements of a list of texts.
    pub(super) fn texts(self, at: usize) -> Result<Vec<&'a str>, OperationError> {
        let elements = self.list(at)?.iter().enumerate();
        let text = |(place, value): (usize, &'a Value)| {
            let mismatch = || self.element_mismatch(at, place, "a text", value);
            value.as_str().ok_or_else(mismatch)
        };
        elements.map(text).collect()
    }

    /// Returns an error about an argument: the parameter's name, then `problem`.
    pub(super) fn error(self, at: usize, problem: &str) -> OperationError {
        OperationError::argument(at, format!("`{}` {problem}", self.signature.parameter(at)))
    }

    /// Returns the error for an argument of the wrong type.
    pub(super) fn mismatch(self, at: usize, expected: &str, found: &Value) -> OperationError {
        self.error(at, &format!("must be {expected}, found {}", found.type_name()))
    }

    /// Returns the error for an element of the wrong type, counted from zero.
    pub(super) fn element_mismatch(
        self,
        at: usize,
        place: usize,
        expected: &str,
        found: &Value,
    ) -> OperationError {
        let found = found.type_name();
        self.error(
            at,
            &format!("must hold {expected} at index {place}, found {found}"),
        )
    }
}
