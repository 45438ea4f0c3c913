//! Who says yes: a person at a terminal, `--yes`, or nobody, and then nothing happens.

use infra_tests::environment::TestEnv;
use insta::assert_snapshot;

use crate::pty::Session;
use crate::support::VAULT;

const QUESTION: &str = "Only `yes` is taken: ";

#[test]
fn without_a_terminal_nothing_is_even_looked_at() {
    let mut env = TestEnv::stack(VAULT);
    let apply = env.run(&["apply", "local"]).expect(2);
    assert_snapshot!(apply.to_string(), @"
    $ infra apply local
    --- exit 2
    --- stdout
    --- stderr
    Error: Nobody can be asked: this is not a terminal
    Hint: Say yes beforehand with --yes
    ");
    for command in [&["destroy", "local"][..], &["rotate", "local", "key_vault.app"]] {
        let run = env.run(command).expect(2);
        assert_eq!((run.stdout.as_str(), &run.stderr), ("", &apply.stderr));
    }
    assert!(!env.folder().join(".infra").exists(), "nothing was begun");
}

#[test]
fn a_name_that_no_environment_has_is_told_before_anybody_is_asked() {
    let mut env = TestEnv::stack(VAULT);
    for command in [
        &["apply", "locl"][..],
        &["destroy", "locl"],
        &["rotate", "locl", "key_vault.app"],
    ] {
        let run = env.run(command).expect(1);
        let said = "Error: The stack has no environment `locl`\nHint: Did you mean `local`?\n";
        assert_eq!(run.stderr, said, "{run}");
    }
}

#[test]
fn json_asks_nobody() {
    let mut env = TestEnv::stack(VAULT);
    let run = env.run(&["apply", "local", "--json"]).expect(2);
    assert!(run.stderr.contains("With --json nobody is asked"), "{run}");
}

#[test]
fn yes_applies() {
    let mut env = TestEnv::stack(VAULT);
    let Some(mut session) = Session::start("yes_applies", &mut env, &["apply", "local"]) else {
        return;
    };
    session.wait_for(QUESTION);
    session.press("yes\n");
    let (code, shown) = session.finish();
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("Done: 2 created in "), "{shown}");
    let plan = env.run(&["plan", "local"]).expect(0);
    assert!(plan.stdout.contains("No changes."), "{plan}");
}

#[test]
fn anything_but_yes_changes_nothing() {
    for answer in ["y\n", "no\n", "\n", "\u{4}"] {
        let mut env = TestEnv::stack(VAULT);
        let test = "anything_but_yes_changes_nothing";
        let Some(mut session) = Session::start(test, &mut env, &["apply", "local"]) else {
            return;
        };
        session.wait_for(QUESTION);
        session.press(answer);
        let (code, shown) = session.finish();
        assert_eq!(code, 1, "{answer:?}: {shown}");
        assert!(shown.contains("Not confirmed; nothing was changed"), "{shown}");
        let list = env.run(&["state", "list", "local"]);
        assert_eq!(list.stdout, "", "{list}");
    }
}

#[test]
fn a_plan_without_changes_asks_nothing() {
    let mut env = crate::support::applied(VAULT);
    let test = "a_plan_without_changes_asks_nothing";
    let Some(session) = Session::start(test, &mut env, &["apply", "local"]) else {
        return;
    };
    let (code, shown) = session.finish();
    assert_eq!(code, 0, "{shown}");
    assert!(
        shown.contains("No changes.") && !shown.contains(QUESTION),
        "{shown}"
    );
}
