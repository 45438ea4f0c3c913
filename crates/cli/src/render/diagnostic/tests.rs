//! How diagnostics look, without colour.

use insta::assert_snapshot;

use super::*;

fn shown(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    anstream::adapter::strip_str(&render(diagnostic, sources)).to_string()
}

#[test]
fn a_mistake_has_its_place_a_caret_and_a_hint() {
    let mut sources = SourceMap::default();
    let source = sources.add("stack.hcl", "postgres \"main\" {\n  sise = \"small\"\n}\n");
    let place = |start: u32, end: u32| Span { source, start, end };
    let mistake = Diagnostic::error("Unknown attribute", "`postgres` has no attribute `sise`")
        .at(place(20, 24))
        .related(place(0, 15), "in this component")
        .hint("Did you mean `size`?");
    assert_snapshot!(shown(&mistake, &sources), @r#"
    Error: Unknown attribute
     --> stack.hcl:2:3
      |
    2 |   sise = "small"
      |   ^^^^ `postgres` has no attribute `sise`
      |
     ::: stack.hcl:1:1
      |
    1 | postgres "main" {
      | --------------- in this component
    Hint: Did you mean `size`?
    "#);
}

#[test]
fn what_has_no_place_is_a_line() {
    let warning = Diagnostic::warning("Not tested", "The environment is never applied").hint("Apply it");
    assert_snapshot!(shown(&warning, &SourceMap::default()), @"
    Warning: Not tested: The environment is never applied
    Hint: Apply it
    ");
}

#[test]
fn a_place_beyond_the_end_of_a_file_is_its_end() {
    let mut sources = SourceMap::default();
    let source = sources.add("stack.hcl", "stack {");
    let span = Span {
        source,
        start: 7,
        end: 99,
    };
    let mistake = Diagnostic::error("Unclosed block", "A `}` is missing").at(span);
    assert_snapshot!(shown(&mistake, &sources), @"
    Error: Unclosed block
     --> stack.hcl:1:8
      |
    1 | stack {
      |        ^ A `}` is missing
    ");
}
