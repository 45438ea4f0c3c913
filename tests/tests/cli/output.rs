//! `infra output`: what a script reads.

use crate::support::{VAULT, applied, document, line};

#[test]
fn one_value_is_printed_bare() {
    let mut env = applied(VAULT);
    let key = env
        .run(&["output", "local", "key_vault.app.secret.key"])
        .expect(0);
    assert_eq!(line(&key).len(), 24, "{key}");
    assert_eq!(key.stderr, "");
    let url = env
        .run(&["output", "local", "key_vault.web.secret.url"])
        .expect(0);
    assert_eq!(url.stdout, format!("https://app:{}@example.org\n", line(&key)));
}

#[test]
fn secrets_are_hidden_in_the_list_until_asked_for() {
    let mut env = applied(VAULT);
    let key = env
        .run(&["output", "local", "key_vault.app.secret.key"])
        .expect(0);
    let list = env.run(&["output", "local"]).expect(0);
    insta::assert_snapshot!(list.stdout, @"
    key_vault.app.name        key_vault.app
    key_vault.app.secret.key  (secret)
    key_vault.web.name        key_vault.web
    key_vault.web.secret.url  (secret)
    ");
    let shown = env.run(&["output", "local", "--show-secrets"]).expect(0);
    assert!(shown.stdout.contains(line(&key)), "{shown}");
}

#[test]
fn json_has_the_values_with_their_marks() {
    let mut env = applied(VAULT);
    let list = document(&env.run(&["output", "local", "--json"]).expect(0));
    assert_eq!(list["format"], "infra.outputs/1");
    let secret = &list["outputs"]["key_vault.app.secret.key"];
    assert_eq!(
        *secret,
        serde_json::json!({ "value": null, "secret": true, "known": true })
    );
    let name = &list["outputs"]["key_vault.app.name"];
    assert_eq!(name["value"], "key_vault.app");
    let one = env
        .run(&["output", "local", "key_vault.app.secret.key", "--json"])
        .expect(0);
    assert!(document(&one).is_string(), "{one}");
}

#[test]
fn a_name_that_does_not_exist_is_answered_with_a_near_one() {
    let mut env = applied(VAULT);
    let run = env
        .run(&["output", "local", "key_vault.app.secret.kee"])
        .expect(1);
    insta::assert_snapshot!(run.stderr, @"
    Error: There is no output `key_vault.app.secret.kee`
    Hint: Did you mean `key_vault.app.secret.key`?
    ");
}
