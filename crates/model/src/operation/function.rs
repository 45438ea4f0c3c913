//! The fixed set of functions of the stack language: pure, total, and documented here.

use crate::operation::OperationError;
use crate::value::Value;

/// A function of the stack language, by its entry in the table [`FUNCTIONS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Function(usize);

/// What the reference says about a function, and how it is computed.
#[derive(Debug)]
pub struct FunctionEntry {
    /// The name in a stack.
    pub name: &'static str,
    /// The parameters, as shown to people.
    pub signature: &'static str,
    /// One sentence on what it returns.
    pub summary: &'static str,
    evaluate: fn(&[Value]) -> Result<Value, OperationError>,
}

/// All functions, in the order of their names.
pub const FUNCTIONS: &[FunctionEntry] = &[FunctionEntry {
    name: "length",
    signature: "length(collection)",
    summary: "Returns the number of elements of a list or map, or of characters of a text",
    evaluate: length,
}];

impl Function {
    /// Returns the function with this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        FUNCTIONS
            .iter()
            .position(|entry| entry.name == name)
            .map(Function)
    }

    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        FUNCTIONS[self.0].name
    }

    pub(super) fn evaluate(self, arguments: &[Value]) -> Result<Value, OperationError> {
        (FUNCTIONS[self.0].evaluate)(arguments)
    }
}

fn length(arguments: &[Value]) -> Result<Value, OperationError> {
    let count = match arguments {
        [Value::List(values)] => values.len(),
        [Value::Map(entries)] => entries.len(),
        [Value::String(text)] => text.chars().count(),
        [other] => {
            let message = format!("Expected a list, map or text, found {}", other.type_name());
            return Err(OperationError::argument(0, message));
        }
        _ => return Err(OperationError::whole("Expected one argument")),
    };
    Ok(Value::from(count as i64))
}
