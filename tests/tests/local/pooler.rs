//! The pooler keeps working when what is behind it is made anew, and says so when its clients cannot log in.

use infra_tests::servers::{execute, rows};

use crate::support::{POOLER, PRIMARY, apply, as_engine, decisions, expect_no_changes, replicated};

#[test]
fn a_pooler_serves_the_primary_that_was_made_anew() {
    let Some(mut env) = replicated("a_pooler_serves_the_primary") else {
        return;
    };
    let _ = env
        .run(&["apply", "local", "--yes", "--replace", PRIMARY])
        .expect(0);
    assert_eq!(rows(&env.output("postgres.main.pooler_url"), "select 1"), "1");
    expect_no_changes(&mut env);
}

#[test]
fn a_pooler_whose_clients_cannot_log_in_is_repaired() {
    let Some(mut env) = replicated("a_pooler_whose_clients") else {
        return;
    };
    let url = as_engine(&mut env);
    execute(&url, "drop schema infra_pooler cascade");
    assert_eq!(decisions(&mut env), [format!("{POOLER}: update safe")]);
    apply(&mut env);
    expect_no_changes(&mut env);
    assert_eq!(rows(&env.output("postgres.main.pooler_url"), "select 1"), "1");
}
