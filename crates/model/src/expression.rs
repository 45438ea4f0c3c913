//! Expressions that wait for outputs: the recipe inside a value that is known only after apply.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::address::{Address, ComponentAddress};
use crate::operation::{Operation, OperationError};
use crate::value::Value;

/// An expression whose value is not known yet.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expression {
    /// A value that somebody else will provide.
    Reference(Reference),
    /// An operation of which at least one argument is deferred or sealed.
    Apply {
        /// What is done.
        operation: Operation,
        /// To what, in order.
        arguments: Vec<Value>,
    },
}

/// A reference to a value that exists only later.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reference {
    /// What a component exports, such as `postgres.main.url`. Lowering replaces these by outputs.
    Export {
        /// The component.
        component: ComponentAddress,
        /// The path inside its exports, such as `["url"]` or `["segment", "data"]`.
        path: Vec<String>,
        /// Whether the export is declared secret.
        secret: bool,
    },
    /// What a resource returns once it exists.
    Output {
        /// The resource.
        address: Address,
        /// The name of the output.
        output: String,
        /// Whether the output is declared secret.
        secret: bool,
    },
}

impl Reference {
    /// Tells whether the value behind it is a secret.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        match self {
            Reference::Export { secret, .. } | Reference::Output { secret, .. } => *secret,
        }
    }
}

impl Expression {
    /// Tells whether the result will be a secret.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        match self {
            Expression::Reference(reference) => reference.is_secret(),
            Expression::Apply { operation, arguments } => {
                operation.makes_secret() || arguments.iter().any(Value::is_secret)
            }
        }
    }
}

/// Calls `visit` with every reference inside the value.
pub fn each_reference<'a>(value: &'a Value, visit: &mut dyn FnMut(&'a Reference)) {
    match value {
        Value::List(values) => values.iter().for_each(|value| each_reference(value, visit)),
        Value::Map(entries) => entries.values().for_each(|value| each_reference(value, visit)),
        Value::Deferred(expression) => match &**expression {
            Expression::Reference(reference) => visit(reference),
            Expression::Apply { arguments, .. } => {
                arguments.iter().for_each(|value| each_reference(value, visit));
            }
        },
        _ => {}
    }
}

/// Returns the value with references replaced by what `lookup` gives, folded as far as that allows.
///
/// A reference for which `lookup` gives nothing stays. An operation on a sealed secret stays too, until the
/// secret is opened.
///
/// # Errors
///
/// When an operation does not fit the values that became known.
pub fn resolve(value: Value, lookup: &dyn Fn(&Reference) -> Option<Value>) -> Result<Value, OperationError> {
    walk(value, lookup, &Operation::fold)
}

/// Returns the same for where secrets are sealed and no key is at hand: an operation that makes a secret of what is none
/// stays, because its result would be there in clear.
///
/// # Errors
///
/// When an operation does not fit the values that became known.
pub fn resolve_sealed(
    value: Value,
    lookup: &dyn Fn(&Reference) -> Option<Value>,
) -> Result<Value, OperationError> {
    walk(value, lookup, &|operation, arguments| {
        if operation.makes_secret() {
            return Ok(Value::deferred(Expression::Apply { operation, arguments }));
        }
        operation.fold(arguments)
    })
}

/// How an operation becomes a value.
type Fold<'a> = &'a dyn Fn(Operation, Vec<Value>) -> Result<Value, OperationError>;

fn walk(
    value: Value,
    lookup: &dyn Fn(&Reference) -> Option<Value>,
    fold: Fold<'_>,
) -> Result<Value, OperationError> {
    let all = |values: Vec<Value>| -> Result<Vec<Value>, OperationError> {
        values
            .into_iter()
            .map(|value| walk(value, lookup, fold))
            .collect()
    };
    Ok(match value {
        Value::List(values) => Value::List(all(values)?),
        Value::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| Ok((key, walk(value, lookup, fold)?)))
                .collect::<Result<_, OperationError>>()?,
        ),
        Value::Deferred(expression) => match *expression {
            Expression::Reference(reference) => match lookup(&reference) {
                Some(value) => value,
                None => Value::deferred(Expression::Reference(reference)),
            },
            Expression::Apply { operation, arguments } => fold(operation, all(arguments)?)?,
        },
        other => other,
    })
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expression::Reference(reference) => write!(f, "{reference:?}"),
            Expression::Apply { operation, arguments } => {
                let mut tuple = f.debug_tuple(operation.name());
                arguments.iter().for_each(|argument| {
                    tuple.field(argument);
                });
                tuple.finish()
            }
        }
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reference::Export { component, path, .. } => write!(f, "{component}.{}", path.join(".")),
            Reference::Output { address, output, .. } => write!(f, "{address}.{output}"),
        }
    }
}
