//! How marks pass through operations.

use super::*;
use crate::expression::{self, Reference};
use crate::sealing::{OpenError, Sealed, Sealing, Secret, open_value, seal_value};

fn secret(text: &str) -> Value {
    Value::Secret(Secret::new(text))
}

fn later(output: &str) -> Value {
    Value::deferred(Expression::Reference(Reference::Export {
        component: "postgres.main".parse().expect("an address"),
        path: vec![output.to_owned()],
        secret: false,
    }))
}

fn call(name: &str, arguments: impl IntoIterator<Item = Value>) -> Result<Value, OperationError> {
    let function = Function::by_name(name).expect("the function exists");
    Operation::Call(function).fold(arguments.into_iter().collect())
}

fn operate(operator: Operator, arguments: impl IntoIterator<Item = Value>) -> Value {
    let arguments = arguments.into_iter().collect();
    Operation::Operator(operator)
        .fold(arguments)
        .expect("the arguments fit")
}

/// A list of one plain, one secret and one unknown element.
fn mixed() -> Value {
    Value::list([Value::from("plain"), secret("hidden"), later("url")])
}

#[test]
fn what_is_computed_from_a_secret_is_secret() {
    assert_eq!(call("upper", [secret("a")]), Ok(secret("A")));
    assert_eq!(
        call("join", [",".into(), Value::list(["a".into(), secret("b")])]),
        Ok(secret("a,b"))
    );
    assert_eq!(
        call("split", [",".into(), secret("a,b")]),
        Ok(Value::list([secret("a"), secret("b")]))
    );
    let decoded = call("jsondecode", [secret(r#"{"user": "app", "ports": [1]}"#)]);
    let port = Value::Secret(Secret::number(1_i64.into()));
    let expected = Value::map([("user", secret("app")), ("ports", Value::list([port]))]);
    assert_eq!(decoded, Ok(expected));
}

#[test]
fn sensitive_makes_a_value_secret_also_one_that_comes_later() {
    assert_eq!(call("sensitive", ["a".into()]), Ok(secret("a")));
    assert_eq!(
        call("sensitive", [Value::list(["a".into()])]),
        Ok(Value::list([secret("a")]))
    );
    let waiting = call("sensitive", [later("url")]).expect("one argument");
    assert!(waiting.is_secret() && !waiting.is_known(), "{waiting:?}");
    assert_eq!(
        expression::resolve(waiting, &|_| Some("b".into())),
        Ok(secret("b"))
    );
}

#[test]
fn the_length_of_a_secret_is_a_secret_number_and_stays_usable() {
    let length = call("length", [secret("0123456789")]).expect("a text has a length");
    assert_eq!(length, Value::Secret(Secret::number(10_i64.into())));
    assert_eq!(
        operate(Operator::Add, [length.clone(), 1_i64.into()]),
        Value::Secret(Secret::number(11_i64.into()))
    );
    assert_eq!(
        operate(Operator::Equal, [length.clone(), 10_i64.into()]),
        true.into()
    );
    assert_eq!(
        operate(Operator::GreaterOrEqual, [length.clone(), 32_i64.into()]),
        false.into()
    );
    assert_eq!(operate(Operator::Template, ["n=".into(), length]), secret("n=10"));
    assert_eq!(
        call("tonumber", [secret("1.5")]).map(|value| operate(Operator::Multiply, [value, 2_i64.into()])),
        Ok(Value::Secret(Secret::number(3_i64.into())))
    );
}

#[test]
fn a_collection_with_a_secret_element_is_not_itself_secret() {
    let list = Value::list(["a".into(), secret("b")]);
    assert_eq!(call("length", [list.clone()]), Ok(2_i64.into()));
    assert_eq!(call("element", [list.clone(), 0_i64.into()]), Ok("a".into()));
    assert_eq!(call("element", [list.clone(), 1_i64.into()]), Ok(secret("b")));
    assert_eq!(
        call("reverse", [list]),
        Ok(Value::list([secret("b"), "a".into()]))
    );
    let map = Value::map([("user", "app".into()), ("password", secret("b"))]);
    assert_eq!(
        call("keys", [map.clone()]),
        Ok(Value::list(["password".into(), "user".into()]))
    );
    assert_eq!(
        operate(Operator::Index, [map.clone(), "user".into()]),
        "app".into()
    );
    assert_eq!(
        call("lookup", [map.clone(), "port".into(), secret("x")]),
        Ok(secret("x"))
    );
    assert_eq!(
        call(
            "merge",
            [map, Value::map([("user", "other")].map(|(k, v)| (k, v.into())))]
        ),
        Ok(Value::map([("user", "other".into()), ("password", secret("b"))]))
    );
}

#[test]
fn what_is_not_read_delays_nothing() {
    assert_eq!(call("length", [mixed()]), Ok(3_i64.into()));
    assert_eq!(call("element", [mixed(), 0_i64.into()]), Ok("plain".into()));
    assert_eq!(call("element", [mixed(), 2_i64.into()]), Ok(later("url")));
    assert_eq!(call("concat", [mixed(), Value::list([])]), Ok(mixed()));
    let map = Value::map([("a", later("url")), ("b", "known".into())]);
    assert_eq!(
        call("keys", [map.clone()]),
        Ok(Value::list(["a".into(), "b".into()]))
    );
    assert_eq!(
        operate(Operator::Index, [map.clone(), "b".into()]),
        "known".into()
    );
    assert_eq!(
        call("lookup", [map, "b".into(), later("url")]),
        Ok("known".into())
    );
    assert_eq!(
        operate(Operator::Conditional, [true.into(), "now".into(), later("url")]),
        "now".into()
    );
    assert_eq!(
        call("zipmap", [Value::list(["a".into()]), Value::list([later("url")])]),
        Ok(Value::map([("a", later("url"))]))
    );
}

#[test]
fn what_is_read_and_unknown_defers_the_result() {
    for (name, arguments) in [
        ("join", vec![",".into(), mixed()]),
        ("contains", vec![mixed(), "plain".into()]),
        ("flatten", vec![Value::list([Value::list([later("url")])])]),
        ("length", vec![later("url")]),
        ("element", vec![mixed(), later("index")]),
        (
            "zipmap",
            vec![Value::list([later("key")]), Value::list([1_i64.into()])],
        ),
    ] {
        let result = call(name, arguments).expect("the number of arguments fits");
        assert!(matches!(result, Value::Deferred(_)), "{name}: {result:?}");
    }
}

#[test]
fn flatten_passes_secrets_and_maps_on_but_waits_for_unknown_lists() {
    let nested = Value::list([Value::list([secret("a")]), Value::map([("b", later("url"))])]);
    let flat = Value::list([secret("a"), Value::map([("b", later("url"))])]);
    assert_eq!(call("flatten", [nested]), Ok(flat));
}

#[test]
fn a_choice_made_by_a_secret_waits_for_what_it_may_choose() {
    let map = Value::map([("a", later("url"))]);
    let chosen = call("lookup", [map, secret("a"), Value::Null]).expect("the arguments fit");
    assert!(chosen.is_secret() && !chosen.is_known(), "{chosen:?}");
    let map = Value::map([("a", "x".into())]);
    assert_eq!(call("lookup", [map, secret("a")]), Ok(secret("x")));
}

#[test]
fn a_secret_is_refused_as_a_key() {
    let error = call(
        "zipmap",
        [Value::list([secret("a")]), Value::list([1_i64.into()])],
    );
    let refused = OperationError::argument(0, "A secret cannot be a key, because keys are shown");
    assert_eq!(error, Err(refused));
}

#[test]
fn a_wrong_number_of_arguments_is_found_before_they_are_known() {
    let error = call("upper", [later("url"), later("url")]).expect_err("one is too many");
    assert_eq!(error.to_string(), "`upper` takes 1 argument, found 2");
}

#[test]
fn a_text_that_doubles_again_and_again_meets_the_limit() {
    let mut text = Value::from("0123456789abcdef");
    let error = loop {
        match Operation::Operator(Operator::Template).fold(vec![text.clone(), text]) {
            Ok(longer) => text = longer,
            Err(error) => break error,
        }
    };
    assert_eq!(
        error.to_string(),
        "The result has 8388608 bytes; the most is 4194304"
    );
}

/// Seals by reversing the text: enough to see what is sealed.
struct Reversing;

impl Sealing for Reversing {
    fn seal(&self, secret: &Secret) -> Sealed {
        Sealed::from_text(secret.expose().chars().rev().collect())
    }

    fn open(&self, sealed: &Sealed) -> Result<Secret, OpenError> {
        Ok(Secret::new(sealed.as_str().chars().rev().collect::<String>()))
    }
}

#[test]
fn a_secret_number_is_still_a_number_after_sealing() {
    let sum = vec![Value::Secret(Secret::number(16_i64.into())), later("replicas")];
    let value = Operation::Operator(Operator::Add)
        .fold(sum)
        .expect("the arguments fit");
    let sealed = seal_value(value, &Reversing);
    let written = serde_json::to_string(&sealed).expect("a sealed value can be written");
    let read: Value = serde_json::from_str(&written).expect("what was written can be read");
    let opened = open_value(read, &Reversing).expect("the key fits");
    let known = expression::resolve(opened, &|_| Some(2_i64.into()));
    assert_eq!(known, Ok(Value::Secret(Secret::number(18_i64.into()))));
}
