//! How outputs look, with and without secrets.

use infra_model::sealing::Secret;
use insta::assert_snapshot;

use super::*;
use crate::render::json;
use crate::render::value::tests::{sealed, unknown};

fn outputs() -> Attributes {
    let all = [
        ("postgres.main.port", Value::from(5432_i64)),
        (
            "postgres.main.replica_urls",
            Value::list([Value::Secret(Secret::new("postgres://r1"))]),
        ),
        ("postgres.main.sealed", sealed(1)),
        (
            "postgres.main.url",
            Value::Secret(Secret::new("postgres://u:p@h")),
        ),
        ("postgres.main.version", Value::from("16")),
        ("redis.cache.url", unknown(true)),
    ];
    all.map(|(name, value)| (name.to_owned(), value)).into()
}

#[test]
fn secrets_are_hidden_in_the_list() {
    assert_snapshot!(render(&outputs(), false), @"
    postgres.main.port          5432
    postgres.main.replica_urls  (secret)
    postgres.main.sealed        (secret)
    postgres.main.url           (secret)
    postgres.main.version       16
    redis.cache.url             (secret, known after apply)
    ");
    let document = json::outputs(&outputs(), false).to_string();
    assert!(!document.contains("postgres://"), "{document}");
}

#[test]
fn secrets_are_shown_on_demand() {
    assert_snapshot!(render(&outputs(), true), @r#"
    postgres.main.port          5432
    postgres.main.replica_urls  "postgres://r1"
    postgres.main.sealed        (secret)
    postgres.main.url           postgres://u:p@h
    postgres.main.version       16
    redis.cache.url             (secret, known after apply)
    "#);
}
