//! Facts as text, as cells of Markdown, and as JSON. None of them shows a secret: facts have none.

use infra_model::facts::Tree;
use infra_model::value::Value;
use serde_json::{Value as Json, json};

use super::expression::written;
use super::value::SECRET;

/// Tells whether a fact is worth a line where all facts of a thing are listed: what is not set is not.
pub(crate) fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::List(values) => !values.is_empty(),
        _ => true,
    }
}

/// Returns facts as one cell of a table in Markdown.
pub(crate) fn cell(tree: &Tree) -> String {
    let said = tree.iter().filter(|(_, value)| says_something(value));
    let lines: Vec<String> = said
        .map(|(path, fact)| match path.as_str() {
            "" => code(&written(fact)),
            path => code(&format!("{path} = {}", written(fact))),
        })
        .collect();
    if lines.is_empty() {
        return "present".to_owned();
    }
    lines.join("<br>")
}

/// Returns a text as code in a cell of Markdown, whatever is in it.
pub(crate) fn code(text: &str) -> String {
    let text = text.replace('|', "\\|");
    // A run of backticks ends only at a run that is as long.
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    if longest == 0 {
        return format!("`{text}`");
    }
    let fence = "`".repeat(longest + 1);
    format!("{fence} {text} {fence}")
}

/// Returns a text that somebody wrote for people, on one line of Markdown and without meaning anything in it; what
/// stands in backticks may.
pub(crate) fn escaped(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut escaped = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(start) = rest.find('`') {
        plain(&rest[..start], &mut escaped);
        let (span, after) = rest[start..].split_at(span_length(&rest[start..]));
        // In code a backslash is one, and a table still looks for its bars.
        match span.trim_matches('`').is_empty() {
            true => span.chars().for_each(|c| escaped.extend(['\\', c])),
            false => escaped += &span.replace('|', "\\|"),
        }
        rest = after;
    }
    plain(rest, &mut escaped);
    if let Some(at) = marker(&escaped) {
        escaped.insert(at, '\\');
    }
    escaped
}

/// Returns how long the span of code is that a text begins with; if it never ends, the length of its backticks.
fn span_length(text: &str) -> usize {
    let fence = text.len() - text.trim_start_matches('`').len();
    let mut at = fence;
    while let Some(found) = text[at..].find('`') {
        let start = at + found;
        let run = text[start..].len() - text[start..].trim_start_matches('`').len();
        if run == fence {
            return start + run;
        }
        at = start + run;
    }
    fence
}

/// Writes a text that is no code.
fn plain(text: &str, escaped: &mut String) {
    for c in text.chars() {
        match c {
            '|' | '<' | '>' | '[' | ']' | '*' | '_' | '\\' | '#' | '~' => escaped.extend(['\\', c]),
            '&' => escaped.push_str("&amp;"),
            c => escaped.push(c),
        }
    }
}

/// Returns where the sign stands that would make a line an element of a list or a heading.
fn marker(line: &str) -> Option<usize> {
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let signs: &[char] = if digits == 0 {
        &['-', '+', '=']
    } else {
        &['.', ')']
    };
    line[digits..].starts_with(signs).then_some(digits)
}

/// Returns a fact for machines: a secret is `{"secret": true}`, what is known only after apply the text of its expression
/// in `{"expression": …}`.
pub(crate) fn json(value: &Value) -> Json {
    match value {
        Value::Secret(_) | Value::Sealed(_) => json!({ "secret": true }),
        Value::Deferred(_) => json!({ "expression": written(value) }),
        Value::List(values) => values.iter().map(json).collect(),
        Value::Map(entries) => {
            let entries = entries.iter();
            Json::Object(entries.map(|(key, value)| (key.clone(), json(value))).collect())
        }
        // Neither holds a secret nor waits, so it is written as it is.
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            serde_json::to_value(plain).unwrap_or_else(|_| Json::String(SECRET.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_and_text_stay_in_their_cell() {
        assert_eq!(code("a|b"), r"`a\|b`");
        assert_eq!(code("a``b"), "``` a``b ```");
        assert_eq!(escaped("a | b\n<script> `x`"), r"a \| b \<script\> `x`");
        for (text, shown) in [
            (r"`a_b\c|<d>&` e_f", r"`a_b\c\|<d>&` e\_f"),
            ("``a`_b`` `c_", r"``a`_b`` \`c\_"),
            ("a & b &lt;", "a &amp; b &amp;lt;"),
            ("- a", r"\- a"),
            ("+ a", r"\+ a"),
            ("12. a", r"12\. a"),
            ("12 a", "12 a"),
        ] {
            assert_eq!(escaped(text), shown);
        }
    }
}
