//! Policy documents in which something is known only after apply.

use infra_model::expression::Expression;
use infra_model::operation::{Operation, Operator};
use infra_model::value::Value;

/// Returns a document as text, with each of these words in it replaced by its value, which may be known after apply.
pub(crate) fn filled(document: &serde_json::Value, words: &[(&str, &Value)]) -> Value {
    let mut parts = vec![Value::String(document.to_string())];
    for (word, value) in words {
        parts = parts
            .into_iter()
            .flat_map(|part| split(part, word, value))
            .collect();
    }
    let operation = Operation::Operator(Operator::Template);
    let waiting = Value::deferred(Expression::Apply {
        operation,
        arguments: parts.clone(),
    });
    operation.fold(parts).unwrap_or(waiting)
}

fn split(part: Value, word: &str, value: &Value) -> Vec<Value> {
    let Value::String(text) = part else {
        return vec![part];
    };
    let mut pieces = text.split(word);
    let first = pieces.next().map(Value::from);
    let others = pieces.flat_map(|piece| [value.clone(), Value::from(piece)]);
    first.into_iter().chain(others).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_replaced_by_what_is_known_and_wait_for_the_rest() {
        let document = serde_json::json!({ "Resource": ["{a}", "{a}/*", "{b}"] });
        let known = filled(
            &document,
            &[("{a}", &Value::from("x")), ("{b}", &Value::from("y"))],
        );
        assert_eq!(known, Value::string(r#"{"Resource":["x","x/*","y"]}"#));
        let address = "key_vault.app/aws.kms.key.main".parse().unwrap();
        let later = infra_provider::lowering::output(&address, "arn");
        assert!(!filled(&document, &[("{a}", &later)]).is_known());
    }
}
