//! An environment that was never applied: looking at it leaves no trace.

use infra_tests::environment::TestEnv;
use insta::assert_snapshot;

use crate::support::{VAULT, contents};

#[test]
fn looking_leaves_no_trace() {
    let mut env = TestEnv::stack(VAULT);
    let before = contents(env.root());
    let _ = env.run(&["validate"]).expect(0);
    let _ = env.run(&["plan", "local"]).expect(0);
    let _ = env.run(&["plan", "local", "--destroy"]).expect(0);
    let _ = env.run(&["output", "local"]).expect(0);
    let _ = env.run(&["graph", "local"]).expect(0);
    let _ = env.run(&["destroy", "local", "--yes"]).expect(0);
    assert_eq!(contents(env.root()), before);
}

#[test]
fn there_is_nothing_to_show() {
    let mut env = TestEnv::stack(VAULT);
    let before = contents(env.root());
    let commands: [&[&str]; 11] = [
        &["state", "list", "local"],
        &["state", "show", "local", "key_vault.app"],
        &["state", "log", "local"],
        &["state", "at", "local", "1"],
        &["audit", "verify", "local"],
        &["rollback", "local", "--to", "1"],
        &["state", "mv", "local", "key_vault.app", "key_vault.b"],
        &["state", "rm", "local", "key_vault.app"],
        &["state", "pull", "local"],
        &["refresh", "local"],
        &["rotate", "local", "key_vault.app", "--yes"],
    ];
    let show = env.run(&["show", "local"]).expect(1);
    assert_snapshot!(show.to_string(), @"
    $ infra show local
    --- exit 1
    --- stdout
    --- stderr
    Error: Environment `local` has never been applied
    Hint: See what would be made with: infra plan local
    ");
    for command in commands {
        let run = env.run(command).expect(1);
        assert_eq!((run.stdout.as_str(), &run.stderr), ("", &show.stderr));
    }
    assert_eq!(contents(env.root()), before);
}

#[test]
fn an_output_that_is_not_known_yet() {
    let mut env = TestEnv::stack(VAULT);
    let run = env
        .run(&["output", "local", "key_vault.app.secret.key"])
        .expect(1);
    assert_snapshot!(run.stderr, @"
    Error: The output `key_vault.app.secret.key` is not known before apply
    Hint: Apply the environment first
    ");
}

#[test]
fn a_saved_plan_belongs_to_a_state() {
    let mut env = TestEnv::stack(VAULT);
    let _ = env.run(&["plan", "local", "--out", "local.plan"]).expect(0);
    let list = env.run(&["state", "list", "local"]).expect(0);
    assert_eq!(list.stdout, "");
    let _ = env.run(&["apply", "local.plan"]).expect(0);
}
