//! The stack of a real application comes up with its extensions and secrets.

use infra_tests::servers::{execute, refusal, rows};

use crate::support::{applied, expect_no_changes};

#[test]
fn event_api_comes_up_with_its_extensions_and_secrets() {
    let Some(mut env) = applied("event_api_comes_up", "stacks/event-api") else {
        return;
    };
    expect_no_changes(&mut env);
    let url = env.output("postgres.main.url");
    execute(&url, "create extension if not exists vector");
    assert!(rows(&url, "select version()").starts_with("PostgreSQL 16."));
    assert_eq!(rows(&url, "select '[1,2]'::vector <-> '[1,4]'::vector"), "2");
    assert_eq!(rows(&url, "select length(uuid_generate_v4()::text)"), "36");

    assert_eq!(env.output("key_vault.app.secret.jwt_key").len(), 48);
    let in_vault = env.output("key_vault.app.secret.database_url");
    assert_eq!(rows(&in_vault, "select current_user"), "event_api");
}

#[test]
fn the_readonly_role_reads_and_does_not_write() {
    let Some(mut env) = applied("the_readonly_role", "examples/replicated") else {
        return;
    };
    execute(
        &env.output("postgres.main.url"),
        "create table t as select 1 as n",
    );
    let readonly = env.output("postgres.main.role.readonly.url");
    assert_eq!(rows(&readonly, "table t"), "1");
    let refused = refusal(&readonly, "insert into t values (2)");
    assert!(refused.contains("permission denied"), "{refused}");
}
