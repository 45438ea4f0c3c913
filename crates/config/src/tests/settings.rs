//! What programs read: `settings`.

use infra_model::settings::SettingKind;
use infra_model::stack::Stack;
use infra_model::value::Value;
use insta::assert_snapshot;

use super::{LOCAL, read_files};

fn read_with(settings: &str, overlay: &str) -> (Option<Stack>, String) {
    let stack = format!(
        r#"
stack {{
  name = "test"
}}

variable "token" {{
  type     = string
  secret   = true
  nullable = true
  default  = null
}}

postgres "main" {{
  version = 16
}}

settings "api" {{
{settings}
}}
"#
    );
    let overlay = format!("{LOCAL}{overlay}");
    let files = [("stack.hcl", stack.as_str()), ("env/local.hcl", overlay.as_str())];
    read_files(&files, &[("token", "hunter2")])
}

#[test]
fn values_come_from_components_variables_and_literals() {
    let settings = r#"
  setting "DATABASE_URL" {
    type  = "url"
    value = postgres.main.url
  }
  setting "TOKEN" { value = var.token }
  setting "WORKERS" {
    type    = "integer"
    default = 2
  }
  setting "SENTRY_DSN" {
    type     = "url"
    required = false
  }
"#;
    let overlay = "settings \"api\" {\n  setting \"WORKERS\" { value = 5 }\n}\n";
    let (stack, problems) = read_with(settings, overlay);
    assert_eq!(problems, "");
    let api = stack.unwrap().settings.remove("api").unwrap();
    let value = |name: &str| api.settings[name].value.clone();
    assert!(
        value("DATABASE_URL").unwrap().is_secret(),
        "a URL holds a password"
    );
    assert!(matches!(value("TOKEN"), Some(Value::Secret(_))));
    assert_eq!(value("WORKERS"), Some(Value::from(5_i64)));
    assert_eq!(value("SENTRY_DSN"), None);
    assert_eq!(api.settings["WORKERS"].kind, SettingKind::Integer);
}

#[test]
fn what_a_program_would_not_understand_is_refused() {
    let settings = r#"
  setting "DATABASE_URL" { type = "url" }
  setting "WORKERS" {
    type  = "integer"
    value = "many"
  }
  setting "LEVEL" {
    type    = "enum"
    values  = ["debug", "info"]
    default = "warn"
  }
  setting "TOKEN" {
    type  = "integer"
    value = var.token
  }
  setting "MODE" { type = "enum" }
  setting "2ND" { value = "x" }
"#;
    let (stack, problems) = read_with(settings, "");
    assert!(stack.is_none());
    assert!(!problems.contains("hunter2"), "{problems}");
    assert_snapshot!(problems, @r#"
    error: Missing setting
      --> stack.hcl:19:3 
      |   setting "DATABASE_URL" { type = "url" }
      |   ^^^^^^^^^^^^^^^^^^^^^^
      `api` needs `DATABASE_URL`, and nothing gives it a value
      hint: Add `value = …`, a URL such as `https://example.org`, here or in the environment's file; or say `required = false`
    error: Invalid value
      --> stack.hcl:22:13 
      |     value = "many"
      |             ^^^^^^
      `WORKERS` cannot be "many"
      hint: Expected a whole number
    error: Invalid value
      --> stack.hcl:27:15 
      |     default = "warn"
      |               ^^^^^^
      `LEVEL` cannot be "warn"
      hint: Expected one of `debug`, `info`
    error: Invalid value
      --> stack.hcl:31:13 
      |     value = var.token
      |             ^^^^^^^^^
      `TOKEN` cannot be this secret
      hint: Expected a whole number
    error: Missing attribute
      --> stack.hcl:33:27 
      |   setting "MODE" { type = "enum" }
      |                           ^^^^^^
      An `enum` needs its words
      hint: Add `values = [ … ]`
    error: Invalid name
      --> stack.hcl:34:11 
      |   setting "2ND" { value = "x" }
      |           ^^^^^
      `2ND` cannot name a setting
      hint: Expected a name: letters, digits and `_`, no digit first
    "#);
}

#[test]
fn a_name_of_an_overlay_that_is_nearly_one_of_the_stack_is_told() {
    let settings = "  setting \"LOG_LEVEL\" { value = \"info\" }";
    let overlay = r#"
settings "api" {
  setting "LOG_LEVLE" { value = "debug" }
  setting "QUEUE" { value = "fast" }
}
settings "apy" {
  setting "OTHER" { value = "x" }
}
"#;
    let (stack, problems) = read_with(settings, overlay);
    assert!(stack.is_some(), "it may be meant");
    assert_snapshot!(problems, @r#"
    warning: Nearly the same name
      --> env/local.hcl:6:11 
      |   setting "LOG_LEVLE" { value = "debug" }
      |           ^^^^^^^^^^^
      The stack declares `setting "LOG_LEVEL"`, and this environment `setting "LOG_LEVLE"` beside it
      hint: Write `LOG_LEVEL` if that is meant, or declare `LOG_LEVLE` in the stack too
    warning: Nearly the same name
      --> env/local.hcl:9:10 
      | settings "apy" {
      |          ^^^^^
      The stack declares `settings "api"`, and this environment `settings "apy"` beside it
      hint: Write `api` if that is meant, or declare `apy` in the stack too
    "#);
}
