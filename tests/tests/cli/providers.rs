//! Environments whose provider is not built yet, and such as need an approval: said first, before anything is asked.

use infra_tests::environment::TestEnv;
use insta::assert_snapshot;

use crate::support::VAULT;

#[test]
fn an_environment_of_a_provider_to_come_is_validated_and_not_planned() {
    let mut env = TestEnv::copy_of("stacks/celery-platform").variable("INFRA_VAR_client_secret", "x");
    let valid = env.run(&["validate"]).expect(0);
    assert_eq!(
        valid.stdout,
        "Valid in: local, development, staging, preproduction, production\n"
    );
    assert_snapshot!(env.run(&["plan", "production"]).expect(1).stderr, @"
    Error: The provider `azure` of environment `production` is not built yet
    Hint: Nothing can be planned there; check the stack in all environments with: infra validate
    ");
    assert_snapshot!(env.run(&["graph", "staging"]).expect(1).stderr, @"
    Error: The provider `azure` of environment `staging` is not built yet
    Hint: Nothing can be planned there; check the stack in all environments with: infra validate
    ");
    assert_snapshot!(env.run(&["output", "staging"]).expect(1).stderr, @"
    Error: The provider `azure` of environment `staging` is not built yet
    Hint: Nothing can be planned there; check the stack in all environments with: infra validate
    ");
    assert_snapshot!(env.run(&["state", "list", "production"]).expect(1).stderr, @"
    Error: Environment `production` has never been applied
    Hint: See what would be made with: infra plan production
    ");
    assert!(!env.folder().join(".infra").exists());
}

#[test]
fn mistakes_in_such_an_environment_are_found() {
    let mut env = TestEnv::copy_of("stacks/event-api");
    env.write(
        "env/production.hcl",
        "environment \"production\" {\n  wvae = 2\n  provider \"aws\" {}\n}\n",
    );
    let run = env.run(&["validate"]).expect(1);
    assert!(run.stderr.contains("--> env/production.hcl:2:3"), "{run}");
    assert!(run.stderr.contains("Did you mean `wave`?"), "{run}");
}

#[test]
fn what_this_machine_lacks_is_told_with_its_place() {
    let mut env = TestEnv::copy_of("stacks/event-api").variable("INFRA_SERVERS", "/nonexistent");
    let mut command = env.command(&["plan", "local"]);
    let output = command.env("PATH", "/nonexistent").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    for part in [
        "PgBouncer is not installed",
        "--> stack.hcl:",
        "Hint: Install the servers with",
    ] {
        assert!(said.contains(part), "`{part}` is missing: {said}");
    }
    let last = said.lines().last().unwrap_or_default();
    assert!(
        last.starts_with("Error: The provider `local` cannot make this; "),
        "{said}"
    );
}

#[test]
fn an_alias_names_the_same_environment() {
    let mut env = TestEnv::copy_of("stacks/event-api");
    let by_alias = env.run(&["graph", "dev"]).expect(0);
    let by_name = env.run(&["graph", "local"]).expect(0);
    assert_eq!(by_alias.stdout, by_name.stdout);
}

#[test]
fn what_needs_an_approval_is_refused_before_anything_is_asked() {
    let mut env = TestEnv::stack(VAULT);
    let approval = "environment \"local\" {\n  data = \"mock\"\n  provider \"local\" {}\n\n  approval {\n    required = 2\n  }\n}\n";
    env.write("env/local.hcl", approval);
    let apply = env.run(&["apply", "local", "--yes"]).expect(1);
    assert_snapshot!(apply.to_string(), @"
    $ infra apply local --yes
    --- exit 1
    --- stdout
    --- stderr
    Error: The plan may not be applied
    Caused by: The environment asks for 2 approvals, and signed approvals are not built yet
    Hint: Nothing was changed; see what would change with: infra plan local
    ");
    let destroy = env.run(&["destroy", "local", "--yes"]).expect(1);
    assert_eq!((destroy.stdout.as_str(), &destroy.stderr), ("", &apply.stderr));
    assert!(!env.folder().join(".infra").exists());
    let _ = env.run(&["plan", "local", "--out", "local.plan"]).expect(0);
    let saved = env.run(&["apply", "local.plan"]).expect(1);
    assert!(saved.stderr.contains("asks for 2 approvals"), "{saved}");
    env.abandon();
}

#[test]
fn what_a_provider_refuses_on_every_machine_is_found_without_it() {
    let mut env = TestEnv::stack(
        r#"
stack {
  name = "shop"
}

network "main" {
  cidr = "10.0.0.0/16"
  segment "internet" {}
}

postgres "main" {
  version    = 18
  extensions = ["made_up"]
  local { prt = 5 }
}

key_vault "app" {
  lifecycle { ignore_changes = ["nonsense"] }
  secret "key" {
    generate {}
  }
}
"#,
    );
    let mut command = env.command(&["validate"]);
    let output = command.env("PATH", "/nonexistent").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_snapshot!(said, @r#"
    Error: A segment has a reserved name
     --> stack.hcl:6:1
      |
    6 | network "main" {
      | ^^^^^^^^^^^^^^ `network.main` has a segment called `internet`
    Hint: The name stands for everybody outside the network: choose another

    Error: Unknown setting
      --> stack.hcl:11:1
       |
    11 | postgres "main" {
       | ^^^^^^^^^^^^^^^ `local` of `postgres.main` has no setting `prt`
    Hint: Did you mean `port`?

    Error: Unknown attribute in `ignore_changes`
      --> stack.hcl:17:1
       |
    17 | key_vault "app" {
       | ^^^^^^^^^^^^^^^ No resource of `key_vault.app` has an attribute `nonsense`
    Hint: There are: `generate`, `name`, `rotation`, `value`

    Error: The stack has 3 mistakes to mend
    "#);
    env.write(
        "env/cloud.hcl",
        "environment \"cloud\" {\n  provider \"azure\" {}\n}\n",
    );
    let both = env.run(&["validate"]).expect(1);
    let refused = "In `local`: `local` of `postgres.main` has no setting `prt`";
    assert!(both.stderr.contains(refused), "{both}");
    env.write(
        "env/local.hcl",
        "environment \"local\" {\n  provider \"local\" {}\n}\n\npostgres \"main\" { count = 0 }\n",
    );
    let without = env.run(&["validate"]).expect(1);
    assert!(!without.stderr.contains("postgres"), "{without}");
}

#[test]
fn settings_of_a_provider_are_checked_without_it() {
    let mut env = TestEnv::stack(VAULT);
    env.write(
        "env/cloud.hcl",
        "environment \"cloud\" {\n  provider \"aws\" {\n    region = 5\n    acount = \"1\"\n  }\n}\n",
    );
    let run = env.run(&["validate"]).expect(1);
    assert_snapshot!(run.stderr, @r#"
    Error: Invalid value
     --> env/cloud.hcl:3:14
      |
    3 |     region = 5
      |              ^ `region` takes a text, found 5
    Hint: Write it in quotes: "5"

    Error: Unknown setting
     --> env/cloud.hcl:4:5
      |
    4 |     acount = "1"
      |     ^^^^^^ The provider `aws` has no setting `acount`
    Hint: Did you mean `account`?

    Error: The stack has 2 mistakes to mend
    "#);
}
