//! `parity`: declared differences, and secrets that nobody gave.

use std::collections::BTreeMap;

use infra_model::facts::Facts;
use infra_model::parity::{declared_by, differences};
use insta::assert_snapshot;

use super::{all_errors, given};
use crate::files::Sources;
use crate::load::load;
use crate::survey::{Survey, survey};

const STACK: &str = r#"
stack {
  name = "test"
}

variable "size" {}

variable "token" {
  type     = string
  secret   = true
  nullable = true
}

variable "account" {
  type = object({
    user     = string
    password = string
    realm    = optional(string, "main")
  })
  secret = true
}

postgres "main" {
  version = 16
  size    = var.size
}

settings "api" {
  setting "TOKEN" {
    type  = "url"
    value = var.token
  }
  setting "PASSWORD" { value = var.account.password }
}
"#;

fn overlay(name: &str, size: &str) -> String {
    format!(
        "environment \"{name}\" {{\n  aliases = [\"{}\"]\n  provider \"local\" {{}}\n}}\n\nvariables {{\n  size = \"{size}\"\n}}\n",
        &name[..4]
    )
}

fn files(parity: &str) -> Vec<(&'static str, String)> {
    vec![
        ("stack.hcl", format!("{STACK}\nparity {{\n{parity}\n}}\n")),
        ("env/staging.hcl", overlay("staging", "small")),
        ("env/production.hcl", overlay("production", "large")),
    ]
}

fn of(parity: &str) -> Survey {
    survey(&load(&Sources::new(files(parity))), &BTreeMap::new())
}

fn errors(parity: &str) -> String {
    let files = files(parity);
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    all_errors(&files)
}

#[test]
fn an_exception_declares_a_difference_between_environments_by_name_or_alias() {
    let found = of(r#"
  exception "sizes" {
    paths   = ["postgres.*.size"]
    between = ["stag", "production"]
    reason  = "Staging carries no load"
  }
"#);
    assert!(
        found.faults.is_empty() && found.stale.is_empty() && found.unread.is_empty(),
        "{found:?}"
    );
    let [production, staging] = [0, 1].map(|at| Facts::of_stack(&found.stacks[at]));
    let differences = differences(&staging, &production);
    let [difference] = differences.as_slice() else {
        panic!("{differences:?}");
    };
    assert_eq!(difference.path(), "postgres.main.size");
    let declared = declared_by(&found.exceptions, difference, ("staging", "production"));
    assert_eq!(declared.unwrap().reason, "Staging carries no load");
}

#[test]
fn a_secret_that_nobody_gave_is_no_difference_to_one_that_somebody_did() {
    let parsed = load(&Sources::new(files("")));
    let imagined = survey(&parsed, &BTreeMap::new());
    let given = survey(
        &parsed,
        &given(&[
            ("token", "https://hunter2"),
            ("account", r#"{ user = "app", password = "hunter2" }"#),
        ]),
    );
    let facts = |survey: &Survey| Facts::of_stack(&survey.stacks[0]);
    assert_eq!(facts(&imagined), facts(&given));
    assert!(!format!("{:?}", facts(&given)).contains("hunter2"));
}

/// Returns what differs between two environments of a stack, by the paths, whatever is given.
fn differing(stack: &str, staging: &str, production: &str, outside: &[(&str, &str)]) -> Vec<String> {
    let overlay = |name: &str, lines: &str| {
        format!("environment \"{name}\" {{\n  provider \"local\" {{}}\n}}\n\nvariables {{\n{lines}\n}}\n")
    };
    let files = [
        ("stack.hcl", format!("stack {{ name = \"test\" }}\n{stack}")),
        ("env/staging.hcl", overlay("staging", staging)),
        ("env/production.hcl", overlay("production", production)),
    ];
    let found = survey(&load(&Sources::new(files)), &given(outside));
    assert!(found.unread.is_empty(), "{:?}", found.unread);
    let [production, staging] = [0, 1].map(|at| Facts::of_stack(&found.stacks[at]));
    let found = differences(&staging, &production);
    found.iter().map(infra_model::parity::Difference::path).collect()
}

const TEMPLATE: &str = r#"
variable "host" {}
variable "pw" {
  type   = string
  secret = true
  DEFAULT
}
settings "api" {
  setting "URL" { value = "https://u:${var.pw}@${var.host}/" }
}
"#;

#[test]
fn what_stands_around_a_secret_is_compared_whether_the_secret_is_given_or_not() {
    let open = TEMPLATE.replace("DEFAULT", "");
    let with_default = TEMPLATE.replace("DEFAULT", "default = \"hunter2\"");
    let (one, other) = (r#"host = "a""#, r#"host = "b""#);
    for stack in [&open, &with_default] {
        for outside in [&[][..], &[("pw", "hunter3")]] {
            assert_eq!(differing(stack, one, other, outside), ["settings.api.URL.value"]);
            assert!(differing(stack, one, one, outside).is_empty());
            let written = format!("{one}\n pw = \"hunter4\"");
            assert!(differing(stack, &written, one, outside).is_empty());
        }
    }
}

#[test]
fn a_state_behind_a_secret_url_is_compared_without_the_secret() {
    for url in ["var.pw", r#""postgres://u:${var.pw}@${var.host}/db""#] {
        let stack = TEMPLATE.replace("DEFAULT", "") + &format!("store \"postgres\" {{ url = {url} }}\n");
        let host = r#"host = "a""#;
        for outside in [&[][..], &[("pw", "postgres://u:hunter2@a/b")]] {
            assert!(differing(&stack, host, host, outside).is_empty());
            let kind = "pw = \"postgres://a/b\"";
            assert!(differing(&stack, &format!("{host}\n{kind}"), host, outside).is_empty());
        }
    }
    let other = TEMPLATE.replace("DEFAULT", "") + "store \"object\" { url = \"s3://${var.pw}\" }\n";
    let files = [
        ("stack.hcl", format!("stack {{ name = \"test\" }}\n{other}")),
        (
            "env/local.hcl",
            "environment \"local\" {\n  provider \"local\" {}\n}\nvariables {\n  host = \"a\"\n}\n"
                .to_owned(),
        ),
    ];
    let found = survey(&load(&Sources::new(files)), &BTreeMap::new());
    let said = &found.unread["local"][0];
    assert_eq!(said.summary, "Secret not allowed here");
    assert!(said.span.is_some());
}

#[test]
fn the_internet_is_the_same_by_name_and_as_a_range() {
    let stack = r#"
variable "who" {}
network "main" {
  cidr = "10.0.0.0/16"
  segment "edge" { public = true }
  allow {
    from  = var.who
    to    = "edge"
    ports = [443]
  }
}
"#;
    let (name, range) = (r#"who = "internet""#, r#"who = "0.0.0.0/0""#);
    assert!(differing(stack, name, range, &[]).is_empty());
    let other = r#"who = "10.0.0.0/8""#;
    assert!(!differing(stack, name, other, &[]).is_empty());
}

#[test]
fn what_is_not_read_is_not_judged() {
    let mut files = files(
        "  exception \"all\" {\n    paths  = [\"postgres.main.replicas\", \"redis\"]\n    reason = \"…\"\n  }",
    );
    files.push((
        "env/other.hcl",
        "environment \"other\" {\n  provider \"local\" {}\n}\n".to_owned(),
    ));
    let found = survey(&load(&Sources::new(files)), &BTreeMap::new());
    assert_eq!(found.stacks.len(), 2);
    assert!(found.unread["other"][0].detail.contains("`size`"), "{found:?}");
    assert!(found.faults.is_empty() && found.stale.is_empty(), "{found:?}");
}

#[test]
fn an_environment_without_its_block_is_not_read_and_the_reason_is_known() {
    let mut files = files("");
    files[2].1 = files[2].1.replace("environment", "environmnt");
    let found = survey(&load(&Sources::new(files)), &BTreeMap::new());
    assert_eq!(found.stacks.len(), 1);
    let why = &found.unread["production"][0];
    assert_eq!(why.summary, "Missing environment");
    assert!(why.detail.contains("production.hcl"), "{why:?}");
}

#[test]
fn an_exception_is_the_same_in_all_environments() {
    let problems = errors(
        r#"
  exception "sizes" {
    paths  = ["postgres.main.size"]
    reason = "In ${environment.name}"
  }
"#,
    );
    assert!(problems.contains("cannot refer to `environment`"), "{problems}");
    let problems = errors(
        r#"
  exception "sizes" {
    paths  = ["postgres.main.size"]
    reason = "In ${stack.name}"
  }
"#,
    );
    assert!(!problems.contains("error"), "{problems}");
}

#[test]
fn an_exception_for_nothing_is_an_error_and_a_stale_one_a_warning() {
    let problems = errors(
        r#"
  exception "sizes" {
    paths   = ["postgres.main.sizee", "postgres.main.size", "postgres.main.replicas", "redis"]
    between = ["staging", "production"]
    reason  = "Staging carries no load"
  }
"#,
    );
    assert_snapshot!(problems, @r#"
    notice: Variable without value
      --> stack.hcl:8:1 
      | variable "token" {
      | ^^^^^^^^^^^^^^^^
      Nothing sets `token` in `production` yet, so what needs it was not checked
    notice: Variable without value
      --> stack.hcl:8:1 
      | variable "token" {
      | ^^^^^^^^^^^^^^^^
      Nothing sets `token` in `staging` yet, so what needs it was not checked
    notice: Variable without value
      --> stack.hcl:14:1 
      | variable "account" {
      | ^^^^^^^^^^^^^^^^^^
      Nothing sets `account` in `production` yet, so what needs it was not checked
    notice: Variable without value
      --> stack.hcl:14:1 
      | variable "account" {
      | ^^^^^^^^^^^^^^^^^^
      Nothing sets `account` in `staging` yet, so what needs it was not checked
    error: Exception for nothing
      --> stack.hcl:39:16 
      |     paths   = ["postgres.main.sizee", "postgres.main.size", "postgres.main.replicas", "redis"]
      |                ^^^^^^^^^^^^^^^^^^^^^
      Nothing is called `postgres.main.sizee` in `production` and `staging`
      hint: Did you mean `postgres.main.size`?
    warning: Stale exception
      --> stack.hcl:39:61 
      |     paths   = ["postgres.main.sizee", "postgres.main.size", "postgres.main.replicas", "redis"]
      |                                                             ^^^^^^^^^^^^^^^^^^^^^^^^
      `postgres.main.replicas` declares nothing in `production` and `staging`: it is the same, or other paths declare it more closely
      hint: Take the path out of the exception, so that the next difference is seen
    error: Exception for nothing
      --> stack.hcl:39:87 
      |     paths   = ["postgres.main.sizee", "postgres.main.size", "postgres.main.replicas", "redis"]
      |                                                                                       ^^^^^^^
      Nothing is called `redis` in `production` and `staging`
      hint: Take the path from what `infra parity` prints
    "#);
}
