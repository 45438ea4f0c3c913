//! Where items end, in sound and broken text.

use super::*;

/// Shows each item as its text, shortened, and its problems with the text they point at.
fn check(text: &str) -> String {
    let mut shown = String::new();
    for item in items(text, 0..text.len()) {
        let lines: Vec<&str> = text[item.range.clone()].trim_end().lines().collect();
        shown.push_str(&lines.join("⏎"));
        for problem in item.problems {
            shown.push_str(&format!("  {problem:?}"));
        }
        shown.push('\n');
    }
    shown
}

#[test]
fn items_end_with_their_line_or_brace() {
    insta::assert_snapshot!(check("# c\na = [\n1]\n\nb \"x\" {\n y = \"}\" # }\n}\nc {} // z\n"), @r#"
    a = [⏎1]
    b "x" {⏎ y = "}" # }⏎}
    c {} // z
    "#);
}

#[test]
fn texts_and_heredocs_hide_brackets() {
    insta::assert_snapshot!(check("a = \"${ \"}\" }{\"\nb = <<-E\n } $${ [1 \n EX\n  E\nc = 1"), @r#"
    a = "${ "}" }{"
    b = <<-E⏎ } $${ [1 ⏎ EX⏎  E
    c = 1
    "#);
}

#[test]
fn a_block_without_end_stops_before_the_next_one() {
    insta::assert_snapshot!(check("a {\n  x = 1\n\nb {\n  y = 2\n}\nc {\n"), @"
    a {⏎  x = 1  UnclosedBracket(2)
    b {⏎  y = 2⏎}
    c {  UnclosedBracket(29)
    ");
}

#[test]
fn the_inner_block_without_end_is_blamed() {
    insta::assert_snapshot!(check("a {\n  x {\n    z = 1\n}\n\nb {\n}\n"), @"
    a {⏎  x {⏎    z = 1⏎}  UnclosedBracket(8)
    b {⏎}
    ");
}

#[test]
fn a_text_ends_with_its_line_at_the_latest() {
    insta::assert_snapshot!(check("a \"x {\n}\nb = \"y\nc = 1\n"), @r#"
    a "x {⏎}  UnclosedText(2)
    b = "y  UnclosedText(13)
    c = 1
    "#);
}

#[test]
fn a_heredoc_without_end_stops_before_the_next_item() {
    insta::assert_snapshot!(check("a = <<E\n  text\nb = 1\n"), @"
    a = <<E⏎  text  UnclosedHeredoc(4)
    b = 1
    ");
}

#[test]
fn depth_is_limited_without_recursion() {
    let text = format!("a = {}\nb = 1\n", "[".repeat(1_000_000));
    let items = items(&text, 0..text.len());
    assert_eq!(items[0].problems[0], Problem::TooDeep(4 + DEPTH_MAX));
    assert_eq!(items.len(), 2);
}
