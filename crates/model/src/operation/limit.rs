//! How large a result may be: a stack is data, and a short line of it must not fill the memory.

use crate::operation::OperationError;
use crate::value::Value;

/// The most bytes of a text. A stack's longest texts are certificates and policies of some kilobytes.
pub(super) const TEXT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The most elements of a list or map: ten times the largest stack that is measured.
pub(super) const ELEMENTS_MAX: usize = 1_000_000;

/// Checks the outermost text, list or map of a result.
///
/// Its parts are results of other operations, or of this one and no larger than the whole.
pub(super) fn check(result: &Value) -> Result<(), OperationError> {
    let (size, max, unit) = match result {
        Value::String(text) => (text.len(), TEXT_BYTES_MAX, "bytes"),
        Value::List(values) => (values.len(), ELEMENTS_MAX, "elements"),
        Value::Map(entries) => (entries.len(), ELEMENTS_MAX, "elements"),
        _ => return Ok(()),
    };
    if size > max {
        let message = format!("The result has {size} {unit}; the most is {max}");
        return Err(OperationError::whole(message));
    }
    Ok(())
}
