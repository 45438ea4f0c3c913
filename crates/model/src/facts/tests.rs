//! That facts are complete and tell no secret.

use crate::expression::Reference;
use crate::operation::{Operation, Operator};
use crate::sealing::Secret;

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

#[test]
fn the_order_of_what_has_none_is_no_difference() {
    assert_eq!(texts(["vector", "age"]), texts(["age", "vector"]));
}
