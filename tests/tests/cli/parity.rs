//! `infra parity`: what differs, what of it is declared, and the exit codes that pipelines read.

use infra_tests::environment::TestEnv;
use serde_json::json;

use crate::support::document;

const STACK: &str = r#"
stack {
  name = "shop"
}

variable "replicas" {
  type = number
}

variable "token" {
  type     = string
  secret   = true
  nullable = true
}

postgres "main" {
  version  = 16
  replicas = var.replicas
}

settings "api" {
  setting "TOKEN" {
    type  = "secret"
    value = var.token
  }
}
"#;

const EXCEPTION: &str = r#"
parity {
  exception "copies" {
    paths   = ["postgres.main.replicas"]
    between = ["staging", "prod"]
    reason  = "Staging has one reader"
  }
}
"#;

fn shop(parity: &str) -> TestEnv {
    let overlay = |name: &str, replicas: u32| {
        format!(
            "environment \"{name}\" {{\n  aliases = [\"{}\"]\n  provider \"local\" {{}}\n}}\n\nvariables {{\n  replicas = {replicas}\n}}\n",
            &name[..4]
        )
    };
    TestEnv::empty()
        .file("stack.hcl", &format!("{STACK}{parity}"))
        .file("env/staging.hcl", &overlay("staging", 1))
        .file("env/production.hcl", &overlay("production", 2))
}

#[test]
fn a_difference_that_nothing_declares_ends_with_two() {
    let mut env = shop("");
    let told = env.run(&["parity", "stag", "production"]).expect(0).stdout;
    assert!(told.contains("1 difference, none declared"), "{told}");
    for (other, code) in [("production", 2), ("nowhere", 1)] {
        let command = ["parity", "stag", other, "--detailed-exitcode"];
        let _ = env.run(&command).expect(code);
    }
    assert!(
        !env.folder().join(".infra").exists(),
        "only the stack is looked at"
    );
}

#[test]
fn a_declared_difference_is_told_with_its_reason() {
    let mut env = shop(EXCEPTION);
    let command = ["parity", "staging", "production", "--detailed-exitcode"];
    let told = env.run(&command).expect(0).stdout;
    assert!(
        told.contains("Declared as `copies`: Staging has one reader"),
        "{told}"
    );
    let json = env.run(&[&command[..], &["--json"]].concat()).expect(0);
    let found = document(&json);
    assert_eq!(found["undeclared"], json!([]));
    assert_eq!(
        found["declared"][0]["differences"][0]["facts"]["production"],
        json!({ "postgres.main.replicas": 2 })
    );
    let same = env.run(&[&command[..], &["--format", "json"]].concat()).expect(0);
    assert_eq!(same.stdout, json.stdout);
    let page = env
        .run(&["parity", "staging", "production", "--format", "markdown"])
        .expect(0);
    assert!(
        page.stdout.contains("| `postgres.main.replicas` | `1` | `2` |"),
        "{page}"
    );
}

#[test]
fn an_exception_that_is_no_longer_needed_is_told() {
    let mut env = shop(EXCEPTION);
    env.edit("env/production.hcl", "replicas = 2", "replicas = 1");
    let told = env.run(&["parity", "staging", "production"]).expect(0).stdout;
    assert!(
        told.contains("Stale exception: `copies` declares `postgres.main.replicas`"),
        "{told}"
    );
    let told = env.run(&["validate"]).expect(0).stderr;
    assert!(told.contains("Stale exception"), "{told}");
}

#[test]
fn an_exception_for_nothing_is_refused_with_its_place() {
    let mut env = shop(&EXCEPTION.replace("main.replicas", "main.replica"));
    for command in [&["parity", "staging", "production"][..], &["validate"]] {
        let told = env.run(command).expect(1).stderr;
        assert!(
            told.contains("Exception for nothing") && told.contains("stack.hcl:"),
            "{told}"
        );
        assert!(told.contains("Did you mean `postgres.main.replicas`?"), "{told}");
    }
}

#[test]
fn a_pipeline_without_secrets_finds_what_somebody_with_them_finds() {
    const SECRETS: &str = r#"
variable "password" {
  type   = string
  secret = true
}

store "postgres" { url = "postgres://u:${var.password}@db.example.org/states" }

settings "web" {
  setting "URL" { value = "https://u:${var.password}@${var.replicas}.example.org/" }
  setting "KEY" {
    type  = "secret"
    value = "hunter2-${postgres.main.host}"
  }
}
"#;
    let command = ["parity", "staging", "production", "--detailed-exitcode"];
    let mut without = shop(&format!("{EXCEPTION}{SECRETS}"));
    let told = without.run(&command).expect(2).stdout;
    assert!(told.contains("settings.web.URL.value"), "{told}");
    let mut with = shop(&format!("{EXCEPTION}{SECRETS}")).variable("INFRA_VAR_password", "hunter3");
    assert_eq!(with.run(&command).expect(2).stdout, told);
    let pages = with.run(&["docs", "production"]).expect(0).stdout;
    assert!(pages.contains(r#"${(secret)}${postgres.main.host}"#), "{pages}");
    assert!(!pages.contains("hunter"), "{pages}");
}

#[test]
fn an_environment_is_not_compared_with_itself() {
    let told = shop("").run(&["parity", "staging", "stag"]).expect(1).stderr;
    assert!(told.contains("`staging` is compared with itself"), "{told}");
}
