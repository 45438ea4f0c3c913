//! URLs by which applications reach what was made, known after apply.

use std::fmt::Write as _;

use infra_model::expression::Expression;
use infra_model::operation::{Operation, Operator};
use infra_model::value::Value;

/// Joins texts of which some are known after apply.
pub(crate) fn template(parts: Vec<Value>) -> Value {
    let operation = Operation::Operator(Operator::Template);
    let waiting = Value::deferred(Expression::Apply {
        operation,
        arguments: parts.clone(),
    });
    operation.fold(parts).unwrap_or(waiting)
}

/// Returns a name as it stands before or after the host of a URL.
pub(crate) fn encoded(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::encoded;

    #[test]
    fn what_would_end_a_part_of_a_url_is_encoded() {
        assert_eq!(encoded("a@b/c"), "a%40b%2Fc");
        assert_eq!(encoded("event_api"), "event_api");
    }
}
