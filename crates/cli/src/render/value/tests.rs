//! How values look.

use infra_model::expression::{Expression, Reference};
use infra_model::sealing::{Sealed, Secret};
use insta::assert_snapshot;

use super::*;

/// A value that an output of the resource will give.
pub(crate) fn unknown(secret: bool) -> Value {
    let address = "postgres.main/local.postgres.server.primary".parse().unwrap();
    let output = "id".to_owned();
    Value::deferred(Expression::Reference(Reference::Output {
        address,
        output,
        secret,
    }))
}

/// A sealed secret; equal numbers are equal secrets.
pub(crate) fn sealed(number: u8) -> Value {
    let sealed: Sealed = serde_json::from_value(serde_json::json!(format!("s1:{number}"))).unwrap();
    Value::Sealed(sealed)
}

#[test]
fn every_kind_of_value_on_one_line() {
    let computed = Value::deferred(Expression::Apply {
        operation: serde_json::from_str("\"jsonencode\"").unwrap(),
        arguments: vec![Value::from("postgres://"), sealed(1)],
    });
    let values = [
        Value::Null,
        Value::from(true),
        Value::from(-7_i64),
        Value::from("a \"quoted\"\ttext\nwith lines"),
        Value::from("insert into people values (1);\ninsert into people values (2);\n"),
        Value::list([Value::from(1_i64), Value::from("two")]),
        Value::map([("plain", Value::from(1_i64)), ("with space", unknown(false))]),
        Value::map::<String>([]),
        Value::Secret(Secret::new("hunter2")),
        sealed(1),
        unknown(false),
        unknown(true),
        computed,
    ];
    let lines: Vec<String> = values.iter().map(inline).collect();
    assert_snapshot!(lines.join("\n"), @r#"
    (not set)
    true
    -7
    "a \"quoted\"\ttext\nwith lines"
    (a text of 2 lines)
    [1, "two"]
    { plain = 1, "with space" = (known after apply) }
    {}
    (secret)
    (secret)
    (known after apply)
    (secret, known after apply)
    (secret)
    "#);
}

#[test]
fn what_a_terminal_might_obey_is_made_harmless() {
    let hostile = Value::from("\u{1b}[2Jgone\u{7}\r\u{202e}txt.exe");
    assert_snapshot!(inline(&hostile), @r#""\u{1b}[2Jgone\u{7}\r\u{202e}txt.exe""#);
}

#[test]
fn what_is_too_long_for_a_line_is_spread() {
    let rule = |from: &str, to: &str| {
        let ports = Value::list([Value::from(5432_i64), Value::from(6432_i64)]);
        Value::map([
            ("from", Value::from(from)),
            ("ports", ports),
            ("to", Value::from(to)),
        ])
    };
    let rules = Value::list([rule("internet", "edge"), rule("edge", "app"), rule("app", "data")]);
    assert_snapshot!(spread("allow = ", &rules, 8), @r#"
    allow = [
                { from = "internet", ports = [5432, 6432], to = "edge" },
                { from = "edge", ports = [5432, 6432], to = "app" },
                { from = "app", ports = [5432, 6432], to = "data" },
            ]
    "#);
    let nested = Value::map([("rules", rules), ("short", Value::from(1_i64))]);
    assert_snapshot!(spread("all = ", &nested, 8), @r#"
    all = {
                rules = [
                    { from = "internet", ports = [5432, 6432], to = "edge" },
                    { from = "edge", ports = [5432, 6432], to = "app" },
                    { from = "app", ports = [5432, 6432], to = "data" },
                ]
                short = 1
            }
    "#);
}
