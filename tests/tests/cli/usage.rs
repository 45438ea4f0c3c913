//! A wrong command line: said in one form, with a way out, and exit code 2.

use infra_tests::environment::TestEnv;
use insta::assert_snapshot;

use crate::support::{VAULT, document, log};

fn says(arguments: &[&str], code: i32) -> String {
    let mut env = TestEnv::stack(VAULT);
    let run = env.run(arguments).expect(code);
    assert_eq!(run.stdout, "", "{run}");
    run.stderr
}

#[test]
fn a_command_that_does_not_exist() {
    assert_snapshot!(says(&["pln", "local"], 2), @"
    Error: Unrecognized subcommand `pln`
    Hint: A similar subcommand exists: `plan`
    Hint: The form is: infra [OPTIONS] <COMMAND>
    ");
}

#[test]
fn an_option_that_does_not_exist() {
    assert_snapshot!(says(&["plan", "local", "--targt", "key_vault.app"], 2), @"
    Error: Unexpected argument `--targt` found
    Hint: A similar argument exists: `--target`
    Hint: The form is: infra plan --target <ADDRESS> <ENVIRONMENT>
    ");
}

#[test]
fn an_argument_that_is_missing() {
    assert_snapshot!(says(&["plan"], 2), @"
    Error: The following required arguments were not provided: <ENVIRONMENT>
    Hint: The form is: infra plan <ENVIRONMENT>
    ");
}

#[test]
fn a_value_that_does_not_fit() {
    assert_snapshot!(says(&["plan", "local", "--wait", "long"], 2), @"Error: Invalid value `long` for `--wait <SECONDS>`: expected a whole number of seconds");
    assert_snapshot!(says(&["graph", "local", "--format", "pdf"], 2), @"Error: Invalid value `pdf` for `--format <FORMAT>` [possible values: dot, mermaid, svg]");
}

#[test]
fn a_variable_without_a_name_is_not_repeated() {
    let said = says(&["plan", "local", "--var", "hunter2"], 2);
    assert!(!said.contains("hunter2"), "it may be a secret: {said}");
    assert_snapshot!(said, @"
    Error: A variable is given as NAME=VALUE
    Hint: For example: --var replicas=2
    ");
}

#[test]
fn no_command_shows_what_there_is() {
    let said = says(&[], 2);
    assert!(
        said.contains("Commands:") && said.contains("infra plan local"),
        "{said}"
    );
}

#[test]
fn options_that_do_not_go_with_a_saved_plan() {
    let mut env = TestEnv::stack(VAULT);
    let _ = env.run(&["plan", "local", "--out", "local.plan"]).expect(0);
    let run = env
        .run(&["apply", "local.plan", "--target", "key_vault.app"])
        .expect(2);
    assert_snapshot!(run.stderr, @"
    Error: --target does not go with a saved plan, which is applied as it is
    Hint: Make another plan with this option
    ");
}

#[test]
fn wrong_names_are_answered_with_the_right_ones() {
    assert_snapshot!(says(&["plan", "locl"], 1), @"
    Error: The stack has no environment `locl`
    Hint: Did you mean `local`?
    ");
    assert_snapshot!(says(&["plan", "elsewhere"], 1), @"
    Error: The stack has no environment `elsewhere`
    Hint: There are: `local`
    ");
    assert_snapshot!(says(&["plan", "local", "--target", "key_vault.ap"], 1), @"
    Error: No plan can be made
    Caused by: `--target key_vault.ap` names nothing in the stack or its state
    Hint: Did you mean `key_vault.app`?
    ");
    assert_snapshot!(says(&["plan", "local", "--replace", "nothing.like.this"], 1), @"
    Error: Nothing that the stack declares is called `nothing.like.this`
    Hint: See what there is with: infra state list local
    ");
    assert_snapshot!(says(&["plan", "local", "--var", "lenght=3"], 1), @"
    Error: A value is given for `lenght`, which the stack does not declare
    Hint: Did you mean `length`?
    ");
    assert_snapshot!(says(&["apply", "missing.plan"], 1), @"
    Error: There is no plan file `missing.plan`
    Hint: Save one with: infra plan ENVIRONMENT --out FILE
    ");
}

#[test]
fn wrong_folders() {
    assert_snapshot!(says(&["-C", "nowhere", "plan", "local"], 1), @"
    Error: The folder `nowhere` cannot be opened
    Caused by: No such file or directory (os error 2)
    Hint: Name the folder that holds the stack with: -C DIR
    ");
    assert_snapshot!(says(&["-C", "stack.hcl", "plan", "local"], 1), @"
    Error: The folder `stack.hcl` cannot be opened
    Caused by: It is a file
    Hint: Name the folder that holds the stack with: -C DIR
    ");
    assert_snapshot!(says(&["-C", "env", "plan", "local"], 1), @"
    Error: This folder holds no file `stack.hcl`
    Hint: Name a stack's folder with -C, or start one with: infra -C env init
    ");
}

#[test]
fn a_usage_error_comes_in_the_form_that_was_asked_for() {
    let mut env = TestEnv::stack(VAULT);
    let run = env
        .run(&["plan", "--json", "--log-format", "json", "--targt"])
        .expect(2);
    let failure = document(&run);
    assert_eq!(failure["format"], "infra.failure/1");
    assert_eq!(failure["kind"], "usage");
    assert_eq!(log(&run), [failure]);
}
