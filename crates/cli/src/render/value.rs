//! Values for people: secrets hidden, unknown parts said to be unknown.

use infra_model::value::Value;

/// What stands for a secret, with or without colour.
pub(crate) const SECRET: &str = "(secret)";
/// What stands for a value that does not exist yet.
pub(crate) const UNKNOWN: &str = "(known after apply)";

/// Returns a value on one line.
pub(crate) fn inline(value: &Value) -> String {
    match value {
        Value::Null => "(not set)".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::List(values) => format!("[{}]", values.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Map(entries) if entries.is_empty() => "{}".to_owned(),
        Value::Map(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{key} = {}", inline(value)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::Secret(_) | Value::Sealed(_) => SECRET.to_owned(),
        Value::Deferred(expression) if expression.is_secret() => format!("{SECRET} {UNKNOWN}"),
        Value::Deferred(_) => UNKNOWN.to_owned(),
    }
}

/// Returns text in quotes, with what a terminal might obey made harmless.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            c if c.is_control() => quoted.extend(c.escape_default()),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
