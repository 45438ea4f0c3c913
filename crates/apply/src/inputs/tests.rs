//! Inputs in their two forms: what is written in, what stays sealed, what is an error.

use infra_model::expression::Expression;
use infra_model::operation::{Operation, Operator};
use infra_model::sealing::{OpenError, Sealed, Secret};

use super::*;

/// Seals by writing backwards.
struct Backwards;

impl Sealing for Backwards {
    fn seal(&self, secret: &Secret) -> Sealed {
        Sealed::from_text(secret.expose().chars().rev().collect())
    }

    fn open(&self, sealed: &Sealed) -> Result<Secret, OpenError> {
        if sealed.as_str() == "another key" {
            return Err(OpenError);
        }
        Ok(Secret::new(sealed.as_str().chars().rev().collect::<String>()))
    }
}

fn reference(output: &str) -> Value {
    let address = "redis.a/sim.token.thing.a".parse().unwrap();
    let (output, secret) = (output.to_owned(), output == "key");
    Value::deferred(Expression::Reference(Reference::Output {
        address,
        output,
        secret,
    }))
}

fn template(parts: Vec<Value>) -> Value {
    let operation = Operation::Operator(Operator::Template);
    Value::deferred(Expression::Apply {
        operation,
        arguments: parts,
    })
}

fn recorded(_: &Address, output: &str) -> Option<Value> {
    match output {
        "id" => Some("a-1".into()),
        "key" => Some(Value::Sealed(Sealed::from_text("terces".to_owned()))),
        _ => None,
    }
}

fn inputs(value: Value) -> Attributes {
    [("url".to_owned(), value)].into()
}

fn both(value: Value) -> (Value, Value) {
    let stored = stored(&inputs(value), &recorded).unwrap();
    let opened = opened(&stored, &Backwards).unwrap();
    (stored["url"].clone(), opened["url"].clone())
}

#[test]
fn plain_outputs_are_written_in_and_secret_ones_stay_sealed() {
    let (stored, opened) = both(reference("id"));
    assert_eq!((stored, opened), ("a-1".into(), "a-1".into()));
    let (stored, opened) = both(reference("key"));
    assert!(matches!(stored, Value::Sealed(_)));
    assert_eq!(opened, Value::Secret(Secret::new("secret")));
}

#[test]
fn an_operation_on_a_secret_is_stored_as_one_and_done_for_the_call() {
    let (stored, opened) = both(template(vec![
        "redis://".into(),
        reference("key"),
        "@".into(),
        reference("id"),
    ]));
    assert!(!stored.is_known() && stored.is_secret());
    assert!(
        serde_json::to_string(&stored).is_ok_and(|text| !text.contains("secret@") && text.contains("a-1"))
    );
    assert_eq!(opened, Value::Secret(Secret::new("redis://secret@a-1")));
}

#[test]
fn what_no_record_holds_is_an_error_that_names_it() {
    let error = stored(&inputs(reference("endpoint")), &recorded).unwrap_err();
    insta::assert_snapshot!(error, @"The input `url` refers to `redis.a/sim.token.thing.a.endpoint`, which is not known");
    let sealed = Value::Sealed(Sealed::from_text("another key".to_owned()));
    let error = opened(&inputs(sealed), &Backwards).unwrap_err();
    assert!(matches!(error, InputError::Sealed { .. }));
}
