//! `infra rollback`: the way back is a plan like any other, and says what it cannot bring back.

use infra_tests::environment::TestEnv;
use insta::assert_snapshot;

use crate::history::changed;
use crate::support::{VAULT, applied, contents, document};

const FILE: &str = "back.plan";
const SAVE: [&str; 6] = ["rollback", "local", "--to", "2", "--out", FILE];
const PLAN: [&str; 3] = ["plan", "local", "--detailed-exitcode"];

fn log(env: &mut TestEnv) -> String {
    env.run(&["state", "log", "local"]).expect(0).stdout
}

#[test]
fn the_way_back_is_shown_and_nothing_changes() {
    let mut env = changed();
    let (before, key) = (log(&mut env), env.output("key_vault.app.secret.key"));
    let run = env.run(&["rollback", "local", "--to", "2"]).expect(0);
    assert_snapshot!(run.to_string(), @"
    $ infra rollback local --to 2
    --- exit 0
    --- stdout
    shop, environment local: back to how it was after change 2

      ~ update  key_vault.app/local.vault.secret.key
            generate :
                ~ length : 32 -> 24
                  (1 unchanged)

      ~ update  key_vault.web/local.vault.secret.url
            value : (secret) -> (secret, known after apply)

    Note: Secrets of then are gone: `key_vault.app/local.vault.secret.key`,
          `key_vault.web/local.vault.secret.url`: what was generated or rotated since is not turned back, and
          everything that uses it gets the secret of now

    Note: The stack is not turned back: Where its files want something else than this, the next plan leads there
          again
    Hint: Put its files back to what they were at change 2 too: first, and plan again, or once this is applied

    Plan: 2 to update, 0 unchanged.
    --- stderr
    Nothing was changed. To go back, save the plan and apply the file: infra rollback local --to 2 --out back.plan
    ");
    assert_eq!(log(&mut env), before);
    assert_eq!(env.output("key_vault.app.secret.key"), key);
    let _ = env.run(&PLAN).expect(0);
}

#[test]
fn a_saved_way_back_is_applied_once_and_the_history_names_it() {
    let mut env = changed();
    let saved = env.run(&SAVE).expect(0);
    assert!(
        saved.stderr.ends_with("Apply it with: infra apply back.plan\n"),
        "{saved}"
    );
    let before = log(&mut env);
    let applied = env.run(&["apply", FILE]).expect(0);
    assert!(applied.stderr.contains("Done: 2 updated"), "{applied}");
    let after = log(&mut env);
    let added = after.strip_prefix(&before).expect("it is only added to");
    assert!(
        added.contains("rollback by ") && added.contains("~ key_vault.app"),
        "{after}"
    );
    let there = env.run(&["rollback", "local", "--to", "2"]).expect(0);
    assert!(
        there
            .stdout
            .ends_with("No changes. As it was then: 2 resources.\n"),
        "{there}"
    );
    assert_eq!(there.stderr, "", "nothing is left to save");
    assert_snapshot!(env.run(&["apply", FILE]).expect(1).stderr, @"
    Error: The plan is out of date: `key_vault.app/local.vault.secret.key` and one other changed since it was made
    Hint: Make a new one and review it: infra rollback local --to 2 --out FILE
    ");
    let _ = env.run(&PLAN).expect(2);
    env.edit("stack.hcl", "default = 32", "default = 24");
    let _ = env.run(&PLAN).expect(0);
    let _ = env.run(&["audit", "verify", "local"]).expect(0);
}

#[test]
fn what_was_deleted_is_made_anew_and_that_is_said() {
    let mut env = applied(VAULT);
    let key = env.output("key_vault.app.secret.key");
    env.write("stack.hcl", "stack {\n  name = \"shop\"\n}\n");
    let _ = env.run(&["apply", "local", "--yes"]).expect(0);
    let back = env.run(&SAVE).expect(0);
    let notes = back.stdout.find("Note: ").expect("notes");
    assert_snapshot!(&back.stdout[notes..], @"
    Note: Objects come back without their data: `key_vault.app/local.vault.secret.key` (deleted by change 4),
          `key_vault.web/local.vault.secret.url` (deleted by change 3): they are made again from what is recorded,
          and nothing else that they held comes back
    Hint: Restore their data from a backup afterwards

    Note: Secrets of then are gone: `key_vault.app/local.vault.secret.key`,
          `key_vault.web/local.vault.secret.url`: what was generated or rotated since is not turned back, and
          everything that uses it gets the secret of now

    Note: The stack is not turned back: Where its files want something else than this, the next plan leads there
          again
    Hint: Put its files back to what they were at change 2 too: first, and plan again, or once this is applied

    Plan: 2 to create, 0 unchanged.
    ");
    let _ = env.run(&["apply", FILE]).expect(0);
    env.write("stack.hcl", VAULT);
    let _ = env.run(&PLAN).expect(0);
    let anew = env.output("key_vault.app.secret.key");
    assert_ne!(anew, key, "a generated secret that is gone stays gone");
    assert_eq!(
        env.output("key_vault.web.secret.url"),
        format!("https://app:{anew}@example.org"),
        "what was computed from it is computed from the one of now"
    );
}

#[test]
fn a_secret_that_was_given_is_given_again() {
    let stack = "stack {\n  name = \"shop\"\n}\nvariable \"mail\" {\n  type = string\n  secret = true\n}\n\
                 key_vault \"mail\" {\n  secret \"password\" { value = var.mail }\n}\n";
    let mut env = TestEnv::stack(stack).variable("INFRA_VAR_mail", "first-of-its-kind");
    let _ = env.run(&["apply", "local", "--yes"]).expect(0);
    let mut env = env.variable("INFRA_VAR_mail", "second-to-none");
    let _ = env.run(&["apply", "local", "--yes"]).expect(0);
    assert_eq!(env.output("key_vault.mail.secret.password"), "second-to-none");
    let back = env
        .run(&["rollback", "local", "--to", "1", "--out", FILE])
        .expect(0);
    assert!(!back.stdout.contains("Secrets of then are gone"), "{back}");
    let _ = env.run(&["apply", FILE]).expect(0);
    let vault = env.run(&["state", "show", "local", "key_vault.mail"]).expect(0);
    for secret in ["first-of-its-kind", "second-to-none"] {
        assert!(!format!("{back}{vault}").contains(secret), "{back}{vault}");
    }
    let mut env = env.variable("INFRA_VAR_mail", "first-of-its-kind");
    let _ = env.run(&PLAN).expect(0);
}

#[test]
fn a_change_that_never_was_is_refused() {
    let mut env = changed();
    for serial in ["0", "5", "18446744073709551615"] {
        let run = env.run(&["rollback", "local", "--to", serial]).expect(1);
        let expected = format!(
            "Error: There is no change {serial} of environment `local`: they are 1 to 4\n\
             Hint: List them with: infra state log local\n"
        );
        assert_eq!(
            (run.stdout.as_str(), run.stderr.as_str()),
            ("", expected.as_str())
        );
    }
    assert_snapshot!(env.run(&["rollback", "local", "--to", "two"]).expect(2).stderr, @"Error: Invalid value `two` for `--to <SERIAL>`: expected the number of a change, as `infra state log ENVIRONMENT` lists them");
    assert_snapshot!(env.run(&["rollback", "local"]).expect(2).stderr, @"
    Error: The following required arguments were not provided: --to <SERIAL>
    Hint: The form is: infra rollback --to <SERIAL> <ENVIRONMENT>
    ");
    assert_snapshot!(env.run(&["rollback", "locl", "--to", "2"]).expect(1).stderr, @"
    Error: The stack has no environment `locl`
    Hint: Did you mean `local`?
    ");
}

#[test]
fn what_is_no_plan_is_never_overwritten() {
    let mut env = changed();
    let before = contents(&env.folder());
    for file in ["stack.hcl", "nowhere/back.plan"] {
        let run = env
            .run(&["rollback", "local", "--to", "2", "--out", file])
            .expect(1);
        assert!(
            run.stderr.contains(&format!("cannot be saved as `{file}`")),
            "{run}"
        );
        assert_eq!(run.stdout, "", "it is refused before planning");
    }
    let stack = env.folder().join("stack.hcl");
    assert_eq!(std::fs::read(&stack).unwrap(), before[&stack]);
}

#[test]
fn a_way_back_that_others_overtook_is_refused_with_the_way_to_a_new_one() {
    let mut env = changed();
    let _ = env.run(&SAVE).expect(0);
    env.edit("stack.hcl", "default = 32", "default = 24");
    assert_snapshot!(env.run(&["apply", FILE]).expect(1).stderr, @"
    Error: The files of the stack changed since the plan was made
    Hint: Make a new one and review it: infra rollback local --to 2 --out FILE
    ");
    env.edit("stack.hcl", "default = 24", "default = 32");
    let _ = env.run(&["rotate", "local", "key_vault.app", "--yes"]).expect(0);
    assert_snapshot!(env.run(&["apply", FILE]).expect(1).stderr, @"
    Error: The plan is out of date: `key_vault.app/local.vault.secret.key` and one other changed since it was made
    Hint: Make a new one and review it: infra rollback local --to 2 --out FILE
    ");
}

#[test]
fn a_way_back_is_planned_without_approvals_and_not_applied_without() {
    let mut env = changed();
    let open = std::fs::read_to_string(env.folder().join("env/local.hcl")).unwrap();
    env.edit(
        "env/local.hcl",
        "data = \"mock\"",
        "data = \"mock\"\n  approval {\n    required = 2\n  }",
    );
    let before = log(&mut env);
    let _ = env.run(&SAVE).expect(0);
    let run = env.run(&["apply", FILE]).expect(1);
    assert_eq!(run.stdout, "", "it is refused before it is shown");
    assert!(
        run.stderr.contains("The environment asks for 2 approvals"),
        "{run}"
    );
    assert_eq!(log(&mut env), before);
    env.write("env/local.hcl", &open);
}

#[test]
fn machines_get_one_document_that_names_the_change() {
    let mut env = changed();
    let run = env.run(&["rollback", "local", "--to", "2", "--json"]).expect(0);
    let json = document(&run);
    assert_eq!(
        (&json["format"], &json["empty"]),
        (&"infra.plan/1".into(), &false.into())
    );
    assert_eq!(json["plan"]["header"]["rollback"], 2);
    let notices = json["plan"]["notices"].as_array().unwrap().iter();
    let summaries: Vec<&str> = notices.filter_map(|one| one["summary"].as_str()).collect();
    assert_eq!(
        summaries,
        ["Secrets of then are gone", "The stack is not turned back"]
    );
    let forward = document(&env.run(&["plan", "local", "--json"]).expect(0));
    assert_eq!(forward["plan"]["header"].get("rollback"), None);
}

#[test]
fn the_command_that_saves_the_way_back_gives_the_same_variables() {
    let mut env = changed();
    let given = ["rollback", "local", "--to", "2", "--var", "length=40"];
    let run = env.run(&given).expect(0);
    let again = "infra rollback local --to 2 --var length=40 --out back.plan\n";
    assert!(run.stderr.ends_with(again), "{run}");
}
