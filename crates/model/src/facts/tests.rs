//! That facts are complete and tell no secret.

use crate::component::key_vault::{KeyVault, VaultSecret};
use crate::diagnostic::Span;
use crate::expression::Reference;
use crate::sealing::Secret;
use crate::settings::{Consumer, Setting, SettingKind};

use super::*;

fn told(value: Value) -> Value {
    let mut tree = Tree::new();
    Branch::root(&mut tree).set("value", value);
    tree.remove("value").unwrap()
}

#[test]
fn two_secrets_are_the_same_fact_and_neither_is_told() {
    let one = Value::Secret(Secret::new("hunter2"));
    let waiting = Value::deferred(Expression::Apply {
        operation: Operation::Operator(Operator::ALL[0]),
        arguments: vec![
            one.clone(),
            Value::deferred(Expression::Reference(Reference::Export {
                component: "postgres.main".parse().unwrap(),
                path: vec!["url".to_owned()],
                secret: true,
            })),
        ],
    });
    assert_eq!(told(one.clone()), told(Value::Secret(Secret::new("other"))));
    assert_eq!(
        told(one.clone()),
        told(Value::Sealed(Sealed::from_text("x".to_owned())))
    );
    let held = Value::map([
        ("list", Value::list([one.clone(), waiting])),
        ("plain", Value::from("a")),
    ]);
    let is_in_clear = |value: &Value| match value {
        Value::Secret(_) => true,
        Value::Deferred(expression) => match &**expression {
            Expression::Apply { arguments, .. } => {
                arguments.iter().any(|one| matches!(one, Value::Secret(_)))
            }
            Expression::Reference(_) => false,
        },
        _ => false,
    };
    assert!(held.any(&is_in_clear));
    let told = told(held);
    assert!(!told.any(&is_in_clear), "{told:?}");
    assert!(told.is_secret());
}

fn url() -> Value {
    Value::deferred(Expression::Reference(Reference::Export {
        component: "postgres.main".parse().unwrap(),
        path: vec!["urls".to_owned()],
        secret: true,
    }))
}

fn apply(operation: Operation, arguments: impl IntoIterator<Item = Value>) -> Value {
    Value::deferred(Expression::Apply {
        operation,
        arguments: arguments.into_iter().collect(),
    })
}

/// Returns what is told of the value of a setting.
fn set(kind: SettingKind, value: Value) -> Value {
    let setting = Setting {
        kind,
        value: Some(value),
        required: true,
        description: None,
        span: Span::default(),
    };
    let consumer = Consumer {
        description: None,
        settings: [("PASSWORD".to_owned(), setting)].into(),
    };
    settings::facts(&consumer)["PASSWORD.value"].clone()
}

#[test]
fn values_that_a_program_reads_alike_are_the_same_fact() {
    let four = || Value::from(4_i64);
    for (kind, one, other) in [
        (SettingKind::Integer, four(), Value::from("4")),
        (SettingKind::String, four(), Value::from("4")),
        (SettingKind::Boolean, Value::from(true), Value::from("true")),
        (SettingKind::Duration, Value::from(false), Value::from("false")),
    ] {
        assert_eq!(set(kind.clone(), one), set(kind, other));
    }
    let integer = |text: &str| set(SettingKind::Integer, Value::from(text));
    assert_ne!(integer("4"), integer("04"));
}

#[test]
fn what_stands_around_a_reference_in_a_secret_is_not_told() {
    let template = Operation::Operator(Operator::Template);
    let index = Operation::Operator(Operator::Index);
    let first = apply(index, [url(), Value::from(0_i64)]);
    let given = apply(template, [Value::from("hunter2-"), first.clone()]);
    let held = Value::map([("a", given.clone()), ("b", Value::from(4711_i64))]);
    let hidden = apply(template, [secret(), first]);
    assert_eq!(set(SettingKind::Secret, given.clone()), hidden);
    let vault = KeyVault {
        secrets: [("a", held), ("b", given)]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), VaultSecret::Given(value)))
            .collect(),
    };
    let mut tree = Tree::new();
    key_vault::describe(&vault, &mut Branch::root(&mut tree));
    assert_eq!(tree["secret.b.value"], hidden);
    assert_eq!(
        tree["secret.a.value"],
        Value::map([("a", hidden), ("b", secret())])
    );
}

#[test]
fn what_will_be_marked_as_a_secret_is_not_told() {
    let template = Operation::Operator(Operator::Template);
    let sensitive = "sensitive".parse().unwrap();
    let marked = apply(sensitive, [apply(template, [Value::from("hunter2-"), url()])]);
    let hidden = apply(sensitive, [apply(template, [secret(), url()])]);
    assert_eq!(
        told(apply(template, [Value::from("a"), marked])),
        apply(template, [Value::from("a"), hidden])
    );
}

#[test]
fn the_order_of_what_has_none_is_no_difference() {
    assert_eq!(texts(["vector", "age"]), texts(["age", "vector"]));
}
