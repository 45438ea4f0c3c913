//! Where a stack says that its state is kept.

use infra_model::store::StoreChoice;
use insta::{assert_debug_snapshot, assert_snapshot};

use super::{LOCAL, all_errors, errors, read, read_files};

#[test]
fn without_a_block_the_state_is_on_this_machine() {
    let (stack, problems) = read("");
    assert_eq!(problems, "");
    let store = stack.unwrap().store;
    assert_eq!((store.choice, store.previous), (StoreChoice::Embedded, None));
}

#[test]
fn settings_may_use_variables_and_names() {
    let stack = r#"
stack { name = "test" }
variable "bucket" { type = string }
variable "password" {
  type   = string
  secret = true
}
locals {
  database = "postgres://infra:${var.password}@db.example.org/infra"
}
store "object" {
  url      = "s3://${var.bucket}/${stack.name}-${environment.name}"
  region   = "eu-west-1"
  endpoint = null
  previous "postgres" { url = local.database }
}
"#;
    let files = [("stack.hcl", stack), ("env/local.hcl", LOCAL)];
    let (stack, problems) = read_files(&files, &[("bucket", "team"), ("password", "hunter2")]);
    assert_eq!(problems, "");
    let store = stack.unwrap().store;
    assert_debug_snapshot!(store, @r#"
    StoreDeclaration {
        choice: Object(
            ObjectChoice {
                url: "s3://team/test-local",
                region: Some(
                    "eu-west-1",
                ),
                endpoint: None,
                account: None,
            },
        ),
        previous: Some(
            Postgres {
                url: Secret(…),
            },
        ),
    }
    "#);
    let Some(StoreChoice::Postgres { url }) = &store.previous else {
        panic!("{store:?}")
    };
    assert_eq!(url.expose(), "postgres://infra:hunter2@db.example.org/infra");
    assert_eq!(store.choice.to_string(), "s3://team/test-local");
    assert_eq!(
        store.previous.unwrap().to_string(),
        "postgres://db.example.org/infra"
    );
}

#[test]
fn an_overlay_overrides_the_store_block_by_block() {
    let stack = r#"
stack { name = "test" }
store "object" {
  url    = "s3://team/infra"
  region = "eu-west-1"
  previous "embedded" {}
}
"#;
    let read_with = |overlay: &str| {
        let overlay = format!("{LOCAL}{overlay}");
        let files = [("stack.hcl", stack), ("env/local.hcl", overlay.as_str())];
        let (stack, problems) = read_files(&files, &[]);
        assert_eq!(problems, "");
        stack.unwrap().store
    };
    let merged = read_with("store \"object\" {\n  region = \"eu-north-1\"\n}\n");
    assert_debug_snapshot!(merged, @r#"
    StoreDeclaration {
        choice: Object(
            ObjectChoice {
                url: "s3://team/infra",
                region: Some(
                    "eu-north-1",
                ),
                endpoint: None,
                account: None,
            },
        ),
        previous: Some(
            Embedded,
        ),
    }
    "#);
    let another = read_with("store \"embedded\" {}\n");
    assert_debug_snapshot!(another, @"
    StoreDeclaration {
        choice: Embedded,
        previous: None,
    }
    ");
    let elsewhere = "store \"object\" {\n  previous \"object\" {\n    url = \"s3://old/infra\"\n  }\n}\n";
    let previous = read_with(elsewhere).previous.unwrap();
    assert_eq!(previous.to_string(), "s3://old/infra");
}

#[test]
fn an_environment_may_have_a_store_where_the_stack_has_none() {
    let overlay = format!("{LOCAL}store \"object\" {{\n  url = \"file:///srv/infra\"\n}}\n");
    let files = [
        ("stack.hcl", "stack { name = \"test\" }\n"),
        ("env/local.hcl", overlay.as_str()),
    ];
    let (stack, problems) = read_files(&files, &[]);
    assert_eq!(problems, "");
    assert_eq!(stack.unwrap().store.choice.to_string(), "file:///srv/infra");
}

#[test]
fn a_password_in_clear_is_warned_of_and_not_repeated() {
    let clear = "store \"postgres\" {\n  url = \"postgres://infra:hunter2@db/infra\"\n}\n";
    let (stack, problems) = read(clear);
    assert!(stack.is_some());
    assert_snapshot!(problems, @r#"
    warning: Secret in clear
      --> stack.hcl:3:9 
      |   url = "postgres://infra:hunter2@db/infra"
      |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      The URL holds a password, and nothing marks it as a secret
      hint: Take it from a variable with `secret = true`, given through INFRA_VAR_…
    "#);
    let without = read("store \"postgres\" {\n  url = \"postgres://infra@db/infra?sslmode=require\"\n}\n");
    assert_eq!(without.1, "");
    let wrong = r#"
variable "scheme" { default = "mysql" }
store "postgres" { url = "${var.scheme}://infra:${sensitive("hunter2")}@db/infra" }
"#;
    assert_snapshot!(errors(wrong), @r#"
    error: Invalid value
      --> stack.hcl:4:26 
      | store "postgres" { url = "${var.scheme}://infra:${sensitive("hunter2")}@db/infra" }
      |                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      `url` is no URL for such a store
      hint: Expected a URL such as `postgres://user:password@host:5432/database`
    "#);
}

#[test]
fn a_module_has_no_store() {
    let files = [
        (
            "stack.hcl",
            "stack { name = \"test\" }\nmodule \"m\" { source = \"./m\" }\n",
        ),
        ("m/main.hcl", "store \"embedded\" {}\n"),
        ("env/local.hcl", LOCAL),
    ];
    assert_snapshot!(read_files(&files, &[]).1, @r#"
    error: Unknown block
      --> m/main.hcl:1:1 
      | store "embedded" {}
      | ^^^^^
      There is no block `store` in a module
      hint: A stack has one state with all of its modules: choose its store in `stack.hcl`
    "#);
}

#[test]
fn what_only_those_who_work_know_is_not_needed_to_validate() {
    let stack = r#"
stack { name = "test" }
variable "state_url" {
  type   = string
  secret = true
}
store "postgres" { url = var.state_url }
"#;
    let problems = all_errors(&[("stack.hcl", stack), ("env/local.hcl", LOCAL)]);
    assert!(!problems.contains("error"), "{problems}");
    assert!(problems.contains("state_url"), "{problems}");
}
