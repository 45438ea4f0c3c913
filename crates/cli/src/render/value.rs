//! Values for people: secrets hidden, unknown parts said to be unknown.

use infra_model::expression::each_reference;
use infra_model::value::Value;

/// What stands for a secret, with or without colour.
pub(crate) const SECRET: &str = "(secret)";
/// What stands for a value that does not exist yet.
const UNKNOWN: &str = "(known after apply)";
/// What stands for a secret that does not exist yet.
const UNKNOWN_SECRET: &str = "(secret, known after apply)";

/// How wide a line may get before a list or map is spread over several.
const WIDTH: usize = 100;

/// How long a text of several lines may be and still be shown as it is.
const DOCUMENT: usize = 40;

/// Returns a value on one line.
pub(crate) fn inline(value: &Value) -> String {
    match value {
        Value::Null => "(not set)".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) if is_document(text) => format!("(a text of {} lines)", text.lines().count()),
        Value::String(text) => quoted(text),
        Value::List(values) => format!("[{}]", values.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Map(entries) if entries.is_empty() => "{}".to_owned(),
        Value::Map(entries) => {
            let entries = entries.iter().map(|(name, value)| entry(name, value));
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
        Value::Secret(_) | Value::Sealed(_) => SECRET.to_owned(),
        Value::Deferred(expression) => match (expression.is_secret(), waits(value)) {
            // What is computed from sealed secrets alone exists already; only nobody has opened them.
            (true, false) => SECRET.to_owned(),
            (true, true) => UNKNOWN_SECRET.to_owned(),
            (false, _) => UNKNOWN.to_owned(),
        },
    }
}

/// Tells whether a text is a whole file, which nobody reads on one line.
pub(crate) fn is_document(text: &str) -> bool {
    text.len() > DOCUMENT && text.lines().nth(1).is_some()
}

/// Returns an entry of a map on one line.
pub(crate) fn entry(name: &str, value: &Value) -> String {
    format!("{} = {}", key(name), inline(value))
}

/// Returns the key of a map as the stack language writes it.
pub(crate) fn key(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !name.is_empty() && name.chars().all(plain) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// Returns a value after what stands before it in its line: on one line, or spread over several that are indented
/// by so much.
pub(crate) fn spread(before: &str, value: &Value, indent: usize) -> String {
    let line = format!("{before}{}", inline(value));
    if fits(&line, indent) {
        return line;
    }
    let (inner, end) = (" ".repeat(indent + 4), " ".repeat(indent));
    match value {
        Value::List(values) => {
            let lines: String = values
                .iter()
                .map(|value| format!("{inner}{},\n", spread("", value, indent + 4)))
                .collect();
            format!("{before}[\n{lines}{end}]")
        }
        Value::Map(entries) => {
            let lines: String = entries
                .iter()
                .map(|(name, value)| {
                    let before = format!("{} = ", key(name));
                    format!("{inner}{}\n", spread(&before, value, indent + 4))
                })
                .collect();
            format!("{before}{{\n{lines}{end}}}")
        }
        _ => line,
    }
}

/// Tells whether a line that begins so far to the right is short enough.
pub(crate) fn fits(line: &str, indent: usize) -> bool {
    indent + line.chars().count() <= WIDTH
}

/// Tells whether a value waits for something that does not exist yet.
pub(crate) fn waits(value: &Value) -> bool {
    let mut found = false;
    each_reference(value, &mut |_| found = true);
    found
}

/// Returns text in quotes, with what a terminal might obey made harmless.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() || is_direction(c) => quoted.extend(c.escape_default()),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Tells whether a character turns the direction of writing: it could make a line read as another one.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
pub(crate) mod tests;
