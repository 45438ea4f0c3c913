//! Every syntax error is found, and what is sound around it stays.

use infra_model::diagnostic::SourceMap;
use insta::assert_snapshot;

use super::*;
use crate::rendering::render;
use crate::syntax::scan::DEPTH_MAX;

fn parsed(text: &str) -> (Body, String) {
    let mut sources = SourceMap::default();
    let source = sources.add("stack.hcl", text);
    let mut diagnostics = Vec::new();
    let body = parse(source, text, &mut diagnostics);
    (body, render(&sources, &diagnostics))
}

fn check(text: &str) -> String {
    parsed(text).1
}

#[test]
fn each_block_shows_its_own_error() {
    assert_snapshot!(check(r#"
network "main" {
  cidr = 10.0.0.0/16
  zones = [1, 2
}
postgres "main" {
  size = 'small'
  version: 16
  segment "a" { public = true, zones = 2 }
}
redis "ok" {
  mode = "single"
}
"#), @r#"
    error: Unclosed bracket
      --> stack.hcl:4:11 
      |   zones = [1, 2
      |           ^
      Nothing closes this bracket
      hint: Add the closing bracket where its content ends
    error: Value expected
      --> stack.hcl:7:10 
      |   size = 'small'
      |          ^
      Expected a number, a quoted text, a list, an object, a reference or a call; found `'`
      hint: Texts stand in double quotes: "…"
    error: Attribute or block expected
      --> stack.hcl:8:10 
      |   version: 16
      |          ^
      After this name, expected `=` and a value, or `{`; found `:`
      hint: Write `=` between a name and its value
    error: End of line expected
      --> stack.hcl:9:30 
      |   segment "a" { public = true, zones = 2 }
      |                              ^
      The value ends before `,`
      hint: Attributes end with their line, without a comma
    "#);
}

#[test]
fn an_open_block_leaves_the_next_one_alone() {
    let (body, errors) =
        parsed("postgres \"a\" {\n  version = 16\n\nredis \"b\" {\n  shards = \n}\nblob_store \"c\" {}\n");
    let kinds: Vec<&str> = body.blocks.iter().map(|block| &*block.kind.text).collect();
    assert_eq!(kinds, ["postgres", "redis", "blob_store"]);
    assert_snapshot!(errors, @r#"
    error: Unclosed bracket
      --> stack.hcl:1:14 
      | postgres "a" {
      |              ^
      Nothing closes this bracket
      hint: Add the closing bracket where its content ends
    error: Value expected
      --> stack.hcl:5:12 
      |   shards = 
      |            ^
      Expected a number, a quoted text, a list, an object, a reference or a call; found the end of the line
    "#);
}

#[test]
fn texts_that_do_not_end_stay_on_their_line() {
    assert_snapshot!(check("a \"x {\n}\nb {\n  c = \"open\n  d = <<E\n  e = 1\n}\n"), @r#"
    error: Unclosed text
      --> stack.hcl:1:3 
      | a "x {
      |   ^
      A quoted text ends on its line
      hint: Add the closing quote, or write a heredoc (<<-EOT) for several lines
    error: Unclosed text
      --> stack.hcl:4:7 
      |   c = "open
      |       ^
      A quoted text ends on its line
      hint: Add the closing quote, or write a heredoc (<<-EOT) for several lines
    error: Unclosed heredoc
      --> stack.hcl:5:7 
      |   d = <<E
      |       ^
      No line holds its end
      hint: Write the word after `<<` alone on a line where the text ends
    "#);
}

#[test]
fn deep_nesting_is_refused_before_it_is_parsed() {
    let deep = format!(
        "a = {}{}\nb = {}1\n",
        "[".repeat(100_000),
        "]".repeat(100_000),
        "!".repeat(100_000)
    );
    assert_snapshot!(check(&deep), @"
    error: Nested too deeply
      --> stack.hcl:1:53 
      Brackets, templates and operators nest at most 48 levels deep
      hint: Give parts of it names under `locals`
    error: Nested too deeply
      --> stack.hcl:2:70 
      Brackets, templates and operators nest at most 48 levels deep
      hint: Give parts of it names under `locals`
    ");
}

#[test]
fn deep_blocks_are_refused_too() {
    let deep = "a {\n".repeat(100_000) + &"}\n".repeat(100_000) + "x = 1 +\n";
    assert_snapshot!(check(&deep), @"
    error: Nested too deeply
      --> stack.hcl:52:3 
      | a {
      |   ^
      Brackets, templates and operators nest at most 48 levels deep
      hint: Give parts of it names under `locals`
    error: Value expected
      --> stack.hcl:200001:8 
      | x = 1 +
      |        ^
      Expected a number, a quoted text, a list, an object, a reference or a call; found the end of the line
    ");
}

#[test]
fn the_deepest_allowed_nesting_parses() {
    let text = format!("a = {}1{}\n", "[".repeat(DEPTH_MAX), "]".repeat(DEPTH_MAX));
    assert_eq!(check(&text), "");
}

#[test]
fn long_chains_of_operators_are_refused() {
    let text = format!("a = 1{}\n", " + 1".repeat(1000));
    assert!(check(&text).starts_with("error: Nested too deeply"));
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_read() {
    let (body, errors) = parsed("\u{feff}a = 1\r\nb {\r\n  c = <<-E\r\n    x\r\n  E\r\n}\r\n");
    assert_eq!(errors, "");
    assert_eq!(body.blocks[0].body.attributes.len(), 1);
}

#[test]
fn an_error_in_a_template_points_inside_it() {
    assert_snapshot!(check("a = \"x ${var.} y\"\nb = \"\\q\"\nc = <<E\n%{ if true }x\nE\n"), @r#"
    error: Syntax error
      --> stack.hcl:1:14 
      | a = "x ${var.} y"
      |              ^
      Invalid traversal operator; expected `*`, identifier or unsigned integer; found `}`
    error: Invalid escape
      --> stack.hcl:2:8 
      | b = "\q"
      |        ^
      A backslash starts no escape with `"`
      hint: Write `\\` for a backslash; the escapes are \n \r \t \" \\ \uXXXX \UXXXXXXXX
    error: Syntax error
      --> stack.hcl:4:1 
      | %{ if true }x
      | ^
      Expected heredoc end delimiter; found `%`
    "#);
}

#[test]
fn stray_brackets_are_named() {
    assert_snapshot!(check("a {}\n}\nb = 1\n"), @"
    error: Unmatched bracket
      --> stack.hcl:2:1 
      | }
      | ^
      Nothing opened this bracket
      hint: Remove it, or look for a block above that ends too early
    ");
}

#[test]
fn an_unclosed_comment_is_named() {
    assert_snapshot!(check("a = 1\n/* b\n"), @"
    error: Unclosed comment
      --> stack.hcl:2:1 
      | /* b
      | ^
      Nothing ends this comment
      hint: Add `*/` where it ends
    ");
}
