//! Expressions, by the values that they give to the parameters of a database.

#![expect(clippy::too_many_lines, reason = "the expected text is part of a test")]

use infra_model::component::ComponentSpec;
use insta::assert_snapshot;

use super::{errors, read};

/// Returns the value of an expression, or what is wrong with it.
fn value(expression: &str) -> String {
    value_with(expression, "")
}

/// Returns the value of an expression among other declarations.
fn value_with(expression: &str, declarations: &str) -> String {
    let text = format!(
        "{declarations}\nlocals {{\n  it = {expression}\n}}\nblob_store \"x\" {{\n  local {{\n    it = local.it\n  }}\n}}\n"
    );
    let (stack, problems) = read(&text);
    let Some(stack) = stack else { return problems };
    let store = stack
        .components
        .values()
        .find(|component| matches!(component.spec, ComponentSpec::BlobStore(_)));
    let value = format!("{:?}", store.unwrap().provider_settings["local"]["it"]);
    if problems.is_empty() {
        value
    } else {
        format!("{value}\n{problems}")
    }
}

#[test]
fn operators_follow_arithmetic() {
    assert_snapshot!(value("[1 + 2 * 3, (1 + 2) * 3, 7 % 4, 1 / 2, -(3), 2 > 1 && !false, 1 == 1.0]"), @"[7, 9, 3, 0.5, -3, true, true]");
}

#[test]
fn division_by_zero_is_an_error() {
    assert_snapshot!(value("1 / 0"), @"
    error: Invalid operand
      --> stack.hcl:4:12 
      |   it = 1 / 0
      |            ^
      Division by zero, or a result too large for a number
    ");
}

#[test]
fn templates_join_and_decide_and_loop() {
    assert_snapshot!(value(r#""a${1 + 1}-%{ if 1 > 2 }x%{ else }y%{ endif }-%{ for k, v in { b = 2, a = 1 } }${k}${v}%{ endfor }""#), @r#""a2-y-a1b2""#);
}

#[test]
fn strip_markers_take_white_space() {
    assert_snapshot!(value("\"a ${~ \"b\" ~} c %{~ if true ~}  d  %{~ endif ~} e\""), @r#""abcde""#);
}

#[test]
fn heredocs_lose_their_indentation() {
    assert_snapshot!(value("<<-EOT\n    a\n      b ${1}\n    EOT\n"), @r#""a\n  b 1\n""#);
}

#[test]
fn loops_make_lists_and_objects() {
    assert_snapshot!(value("[for i, x in [1, 2, 3] : x * i if x != 2]"), @"[0, 6]");
    assert_snapshot!(value("{ for k, v in { a = 1, b = 2 } : \"${k}!\" => v }"), @r#"{"a!": 1, "b!": 2}"#);
    assert_snapshot!(value("{ for x in [\"aa\", \"b\", \"ab\"] : length(x) => x... }"), @r#"{"1": ["b"], "2": ["aa", "ab"]}"#);
}

#[test]
fn splats_and_indexes_reach_into_lists() {
    let declarations = "locals {\n  l = [{ n = 1 }, { n = 2 }]\n}";
    assert_snapshot!(value_with("[local.l[*].n, local.l.*.n, local.l[1].n, local.l[0][\"n\"]]", declarations), @"[[1, 2], [1, 2], 2, 1]");
}

#[test]
fn arguments_expand() {
    assert_snapshot!(value("max([3, 9, 4]...)"), @"9");
}

#[test]
fn only_the_branch_taken_is_evaluated_but_all_names_are_checked() {
    assert_snapshot!(value("true ? 1 : 1 / 0"), @"1");
    assert_snapshot!(value("true ? 1 : local.missing"), @"
    error: Unknown name
      --> stack.hcl:4:25 
      |   it = true ? 1 : local.missing
      |                         ^^^^^^^
      No local is called `missing`
      hint: Declared are: `it`
    ");
}

#[test]
fn exports_are_deferred_and_secret_ones_marked() {
    let postgres = "postgres \"main\" {\n  database \"app\" {}\n}";
    assert_snapshot!(value_with("[postgres.main.host, \"${postgres.main.url}/x\", postgres.main.database.app.user]", postgres), @r#"[postgres.main.host, $template(postgres.main.url, "/x"), postgres.main.database.app.user]"#);
}

#[test]
fn unknown_names_are_reported_with_near_ones() {
    assert_snapshot!(errors(r#"
variable "replicas" { default = 1 }
network "main" {
  cidr = "10.0.0.0/16"
  segment "data" {}
}
postgres "main" {
  segment  = network.main.segment.date
  replicas = vars.replicas
  parameters = {
    a = var.replica
    b = local.x
    c = postgres.mian.url
    d = postgres.main.ulr
    e = lenght("x")
    f = each.key
    g = postgres.main[0].url
    h = module.x.y
    i = var
  }
}
"#), @r#"
    error: Unknown export
      --> stack.hcl:9:35 
      |   segment  = network.main.segment.date
      |                                   ^^^^
      `network.main.segment` has no `date`
      hint: Did you mean `data`?
    error: Unknown name
      --> stack.hcl:10:14 
      |   replicas = vars.replicas
      |              ^^^^^^^^^^^^^
      Nothing is called `vars`
      hint: Did you mean `var`?
    error: Unknown name
      --> stack.hcl:12:13 
      |     a = var.replica
      |             ^^^^^^^
      No variable is called `replica`
      hint: Did you mean `replicas`?
    error: Unknown name
      --> stack.hcl:13:15 
      |     b = local.x
      |               ^
      No local is called `x`
      hint: Declare a local of this name
    error: Unknown name
      --> stack.hcl:14:18 
      |     c = postgres.mian.url
      |                  ^^^^
      No postgres is called `mian`
      hint: Did you mean `main`?
    error: Unknown export
      --> stack.hcl:15:23 
      |     d = postgres.main.ulr
      |                       ^^^
      A postgres exports no `ulr`
      hint: Did you mean `url`?
    error: Unknown function
      --> stack.hcl:16:9 
      |     e = lenght("x")
      |         ^^^^^^
      There is no function `lenght`
      hint: Did you mean `length`?
    error: No instances
      --> stack.hcl:17:9 
      |     f = each.key
      |         ^^^^^^^^
      `each` stands for one of several components, and here is no `for_each`
      hint: Add `for_each = …` to the component
    error: No instances
      --> stack.hcl:18:23 
      |     g = postgres.main[0].url
      |                       ^
      `postgres.main` has neither `for_each` nor `count`, so there is one of it
      hint: Write `postgres.main`
    error: Unknown name
      --> stack.hcl:19:16 
      |     h = module.x.y
      |                ^
      No module is called `x`
      hint: Declare a module of this name
    error: Incomplete reference
      --> stack.hcl:20:9 
      |     i = var
      |         ^^^
      `var` alone is no value
      hint: Write `var.<name>`
    "#);
}

#[test]
fn what_is_known_late_decides_nothing() {
    assert_snapshot!(errors(r#"
blob_store "a" {}
locals {
  names = [for x in blob_store.a.name : x]
}
blob_store "b" { count = length(blob_store.a.name) }
blob_store "c" { for_each = { (blob_store.a.name) = 1 } }
postgres "d" {
  size     = blob_store.a.name
  replicas = length(blob_store.a.endpoint)
}
"#), @r#"
    error: Value known too late
      --> stack.hcl:5:21 
      |   names = [for x in blob_store.a.name : x]
      |                     ^^^^^^^^^^^^^^^^^
      What a loop goes over decides what the plan holds, so it must not depend on what is known only after apply
      hint: Use a variable or a local instead of the export of a component
    error: Value known too late
      --> stack.hcl:7:26 
      | blob_store "b" { count = length(blob_store.a.name) }
      |                          ^^^^^^^^^^^^^^^^^^^^^^^^^
      `count` decides what the plan holds, so it must not depend on what is known only after apply
      hint: Use a variable or a local instead of the export of a component
    error: Value known too late
      --> stack.hcl:8:31 
      | blob_store "c" { for_each = { (blob_store.a.name) = 1 } }
      |                               ^^^^^^^^^^^^^^^^^^^
      The key of an object decides what the plan holds, so it must not depend on what is known only after apply
      hint: Use a variable or a local instead of the export of a component
    error: Value known too late
      --> stack.hcl:10:14 
      |   size     = blob_store.a.name
      |              ^^^^^^^^^^^^^^^^^
      `size` decides what the plan holds, so it must not depend on what is known only after apply
      hint: Use a variable or a local instead of the export of a component
    error: Value known too late
      --> stack.hcl:11:14 
      |   replicas = length(blob_store.a.endpoint)
      |              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      `replicas` decides what the plan holds, so it must not depend on what is known only after apply
      hint: Use a variable or a local instead of the export of a component
    "#);
}

#[test]
fn cycles_are_told_as_their_whole_path() {
    assert_snapshot!(errors(r#"
locals {
  a = local.b
  b = "${local.c}"
  c = [for x in local.a : x]
  d = local.d
  e = local.a
}
key_vault "x" {
  secret "s" { value = key_vault.y.secret.s }
}
key_vault "y" {
  depends_on = [key_vault.x]
  secret "s" {
    generate {}
  }
}
"#), @r#"
    error: Cycle
      --> stack.hcl:4:3 
      |   a = local.b
      |   ^
      These need each other: local.a → local.b → local.c → local.a
      --> stack.hcl:5:3 local.b
      |   b = "${local.c}"
      |   ^
      --> stack.hcl:6:3 local.c
      |   c = [for x in local.a : x]
      |   ^
      hint: Let one of them do without the others
    error: Cycle
      --> stack.hcl:7:3 
      |   d = local.d
      |   ^
      These need each other: local.d → local.d
      hint: Let one of them do without the others
    error: Cycle
      --> stack.hcl:10:1 
      | key_vault "x" {
      | ^^^^^^^^^^^^^
      These need each other: key_vault.x → key_vault.y → key_vault.x
      --> stack.hcl:13:1 key_vault.y
      | key_vault "y" {
      | ^^^^^^^^^^^^^
      hint: Let one of them do without the others
    "#);
}

#[test]
fn values_that_multiply_are_stopped() {
    let mut text = "locals {\n  a0 = [1, 2]\n".to_owned();
    for at in 1..60 {
        let before = at - 1;
        text += &format!("  a{at} = [local.a{before}, local.a{before}]\n");
    }
    assert!(errors(&(text + "}\n")).contains("Stack too large"));
}

#[test]
fn long_chains_of_locals_do_not_recurse() {
    let mut text = "locals {\n  a0 = 1\n".to_owned();
    for at in 1..20_000 {
        text += &format!("  a{at} = local.a{}\n", at - 1);
    }
    assert_eq!(errors(&(text + "}\n")), "");
}

#[test]
fn the_deepest_expressions_are_evaluated() {
    let chain = "1".to_owned() + &" + 1".repeat(120);
    let nested = format!("{}{chain}{}", "(".repeat(47), ")".repeat(47));
    assert_eq!(value(&nested), "121");
    let lists = format!("{}[{chain}]{}", "[".repeat(46), "]".repeat(46));
    assert!(value(&lists).contains("[121]"));
    let calls = format!("{}{chain}{}", "max(".repeat(46), ")".repeat(46));
    assert_eq!(value(&calls), "121");
    let templates = format!("{}x{}", "\"${upper(".repeat(20), ")}\"".repeat(20));
    assert!(value(&templates.replace("(x)", "(\"x\")")).contains('X'));
    let choices = "true ? 1 : ".repeat(40) + "2";
    assert_eq!(value(&choices), "1");
    let conditions = "true".to_owned() + &" && true".repeat(120);
    assert_eq!(value(&conditions), "true");
    let loops = format!("{}1{}", "[for x in [1] : ".repeat(20), "]".repeat(20));
    assert!(value(&loops).contains("[1]"));
}

#[test]
fn values_do_not_nest_without_end() {
    let mut text = "locals {\n  a0 = [1]\n".to_owned();
    for at in 1..400 {
        text += &format!("  a{at} = [local.a{}]\n", at - 1);
    }
    assert_snapshot!(errors(&(text + "}\n")), @"
    error: Nested too deeply
      --> stack.hcl:99:9 
      |   a96 = [local.a95]
      |         ^^^^^^^^^^^
      Lists and maps nest at most 96 levels deep, operations on what is known only after apply 24
    ");
}

#[test]
fn operations_on_what_is_known_late_do_not_nest_without_end() {
    let mut text = "redis \"a\" {}\nlocals {\n  a0 = redis.a.host\n".to_owned();
    for at in 1..100 {
        text += &format!("  a{at} = upper(local.a{})\n", at - 1);
    }
    assert_snapshot!(errors(&(text + "}\n")), @"
    error: Nested too deeply
      --> stack.hcl:29:9 
      |   a25 = upper(local.a24)
      |         ^^^^^^^^^^^^^^^^
      Lists and maps nest at most 96 levels deep, operations on what is known only after apply 24
    ");
}
