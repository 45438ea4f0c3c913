//! Saved plans: exactly what was reviewed is applied, or nothing is.

use infra_tests::environment::TestEnv;
use insta::assert_snapshot;

use crate::support::{VAULT, contents, document};

const FILE: &str = "local.plan";

fn planned() -> TestEnv {
    let mut env = TestEnv::stack(VAULT);
    let run = env.run(&["plan", "local", "--out", FILE]).expect(0);
    assert!(
        run.stderr.contains("Apply it with: infra apply local.plan"),
        "{run}"
    );
    env
}

/// Returns what an apply of the file says; nothing may have changed.
fn refused(env: &mut TestEnv) -> String {
    let before = contents(&env.folder().join(".infra/local"));
    let run = env.run(&["apply", FILE]).expect(1);
    let after = contents(&env.folder().join(".infra/local"));
    let vault = |files: &std::collections::BTreeMap<std::path::PathBuf, Vec<u8>>| {
        files
            .keys()
            .filter(|path| path.to_string_lossy().contains("vault"))
            .count()
    };
    assert_eq!(vault(&before), vault(&after), "{run}");
    assert_eq!(run.stdout, "", "it is refused before it is shown");
    run.stderr
}

#[test]
fn a_saved_plan_is_shown_and_applied_once() {
    let mut env = planned();
    let plan = env.run(&["plan", "local"]).expect(0);
    let shown = env.run(&["show", FILE]).expect(0);
    assert!(shown.stdout.ends_with(&plan.stdout), "{shown}");
    let json = document(&env.run(&["show", FILE, "--json"]).expect(0));
    assert_eq!(json["format"], "infra.plan/1");
    assert!(shown.stdout.contains(json["digest"].as_str().unwrap()), "{shown}");
    let applied = env.run(&["apply", FILE]).expect(0);
    assert!(applied.stderr.contains("Done: 2 created"), "{applied}");
    assert_snapshot!(refused(&mut env), @"
    Error: The plan is out of date: `key_vault.app/local.vault.secret.key` and one other changed since it was made
    Hint: Make a new plan and review it
    ");
}

#[test]
fn an_altered_file_is_refused() {
    let mut env = planned();
    env.edit(FILE, "\"length\":24", "\"length\":4");
    assert_snapshot!(refused(&mut env), @"
    Error: The plan file `local.plan` was altered or cut short: it does not fit its digest
    Hint: Make a new one with: infra plan ENVIRONMENT --out FILE
    ");
    let shown = env.run(&["show", FILE]).expect(1);
    assert!(shown.stderr.contains("altered"), "{shown}");
}

#[test]
fn a_file_that_was_cut_short_is_refused() {
    let mut env = planned();
    let path = env.folder().join(FILE);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 30]).unwrap();
    assert!(refused(&mut env).contains("altered or cut short"));
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    assert_snapshot!(refused(&mut env), @"
    Error: The plan file `local.plan` cannot be used
    Caused by: The file is not a plan or is damaged
    Caused by: EOF while parsing a string at line 1 column 1218
    Hint: Make a new one with: infra plan ENVIRONMENT --out FILE
    ");
}

#[test]
fn a_file_that_is_no_plan_is_refused() {
    let mut env = planned();
    env.write(FILE, "shopping list");
    assert_snapshot!(refused(&mut env), @"
    Error: The plan file `local.plan` cannot be used
    Caused by: The file is not a plan or is damaged
    Caused by: expected value at line 1 column 1
    Hint: Make a new one with: infra plan ENVIRONMENT --out FILE
    ");
}

#[test]
fn a_plan_of_another_format_is_refused() {
    let mut env = planned();
    env.edit(FILE, "\"format\":1", "\"format\":9");
    assert_snapshot!(refused(&mut env), @"
    Error: The plan file `local.plan` cannot be used
    Caused by: The plan has format 9, this engine reads format 1
    Hint: Make a new one with: infra plan ENVIRONMENT --out FILE
    ");
}

#[test]
fn a_plan_for_another_state_is_refused() {
    let mut env = planned();
    let _ = env.run(&["apply", FILE]).expect(0);
    let mut other = TestEnv::stack(VAULT);
    std::fs::copy(env.folder().join(FILE), other.folder().join(FILE)).unwrap();
    let never = other.run(&["apply", FILE]).expect(1);
    assert_snapshot!(never.stderr, @"
    Error: Environment `local` has never been applied
    Hint: See what would be made with: infra plan local
    ");
    assert!(!other.folder().join(".infra").exists(), "{never}");
    let _ = other.run(&["apply", "local", "--yes"]).expect(0);
    assert_snapshot!(refused(&mut other), @"
    Error: The plan was made for stack `shop` with another state
    Hint: Make a new plan here
    ");
}

#[test]
fn a_plan_of_another_stack_file_is_refused() {
    let mut env = planned();
    env.edit("stack.hcl", "default = 24", "default = 25");
    assert_snapshot!(refused(&mut env), @"
    Error: The files of the stack changed since the plan was made
    Hint: Make a new plan and review it
    ");
}

#[test]
fn a_plan_that_others_overtook_is_refused() {
    let mut env = planned();
    let _ = env.run(&["apply", "local", "--yes"]).expect(0);
    assert!(refused(&mut env).contains("The plan is out of date"));
}

#[test]
fn an_existing_file_is_replaced_whole() {
    let mut env = planned();
    let first = std::fs::read(env.folder().join(FILE)).unwrap();
    let _ = env.run(&["plan", "local", "--out", FILE, "--destroy"]).expect(0);
    assert_ne!(std::fs::read(env.folder().join(FILE)).unwrap(), first);
    let missing = env
        .run(&["plan", "local", "--out", "nowhere/local.plan"])
        .expect(1);
    assert_snapshot!(missing.stderr, @"
    Error: The plan cannot be saved as `nowhere/local.plan`: there is no such folder
    Hint: Make the folder, or name a file in another one with --out
    ");
}

#[test]
fn what_is_no_plan_is_never_overwritten() {
    let mut env = TestEnv::stack(VAULT);
    let run = env.run(&["plan", "local", "--out", "stack.hcl"]).expect(1);
    assert_snapshot!(run.to_string(), @"
    $ infra plan local --out stack.hcl
    --- exit 1
    --- stdout
    --- stderr
    Error: The plan cannot be saved as `stack.hcl`: the file exists and is no plan
    Hint: Name another file with --out
    ");
    assert_eq!(
        std::fs::read_to_string(env.folder().join("stack.hcl")).unwrap(),
        VAULT
    );
    let folder = env.run(&["plan", "local", "--out", "env"]).expect(1);
    assert!(folder.stderr.contains("which is no regular file"), "{folder}");
    assert!(
        !env.folder().join(".infra").exists(),
        "it is refused before planning"
    );
    env.write(FILE, "");
    let _ = env.run(&["plan", "local", "--out", FILE]).expect(0);
    env.edit(FILE, "\"format\":1", "\"format\":9");
    let _ = env.run(&["plan", "local", "--out", FILE]).expect(0);
    let _ = env.run(&["show", FILE]).expect(0);
}

#[test]
fn values_of_variables_belong_to_the_plan() {
    let mut env = TestEnv::stack(VAULT);
    let given = ["plan", "local", "--out", FILE, "--var", "length=30"];
    let planned = env.run(&given).expect(0);
    let apply = "Apply it with: infra apply local.plan --var length=30\n";
    assert!(planned.stderr.contains(apply), "{planned}");
    assert_snapshot!(refused(&mut env), @"
    Error: The plan was made with other variables: `length` was given and is not now
    Hint: Give them as they were, with --var, or make a new plan and review it
    ");
    let other = env.run(&["apply", FILE, "--var", "length=31"]).expect(1);
    assert!(other.stderr.contains("`length` has another value"), "{other}");
    let _ = env.run(&["apply", FILE, "--var", "length=30"]).expect(0);
    let key = env
        .run(&[
            "output",
            "local",
            "key_vault.app.secret.key",
            "--var",
            "length=30",
        ])
        .expect(0);
    assert_eq!(key.stdout.len(), 31, "{key}");
}

#[test]
fn a_secret_is_not_repeated_in_the_command_that_applies_a_plan() {
    let stack = format!(
        "{VAULT}\nvariable \"token\" {{\n  secret = true\n  nullable = true\n  default = null\n}}\nvariable \"note\" {{ default = \"\" }}\n"
    );
    let mut env = TestEnv::stack(&stack);
    let given = ["--var", "token=hunter2hunter2", "--var", "note=it's here"];
    let run = env
        .run(&[&["plan", "local", "--out", FILE], &given[..]].concat())
        .expect(0);
    assert!(!run.stderr.contains("hunter2"), "{run}");
    let command = r"infra apply local.plan --var 'note=it'\''s here'";
    assert!(run.stderr.contains(command), "{run}");
    assert!(
        run.stderr.contains("Give the secret variable `token` again"),
        "{run}"
    );
    let bytes = std::fs::read_to_string(env.folder().join(FILE)).unwrap();
    assert!(!bytes.contains("hunter2"), "{bytes}");
    let _ = env.run(&[&["apply", FILE], &given[..]].concat()).expect(0);
}
