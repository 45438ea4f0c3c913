//! Outputs for people.

use std::fmt::Write;

use infra_model::value::{Attributes, Value};

use crate::render::value::{SECRET, inline, waits};

/// Returns one output per line, names aligned; secrets in clear only on demand.
pub(crate) fn render(outputs: &Attributes, show_secrets: bool) -> String {
    let width = outputs.keys().map(|name| name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, value) in outputs {
        let shown = match value {
            Value::Secret(secret) if show_secrets => secret.expose().to_owned(),
            Value::String(text) => text.clone(),
            Value::List(values) if show_secrets => values
                .iter()
                .map(|value| super::json::revealed(value).to_string())
                .collect::<Vec<_>>()
                .join(", "),
            other if !show_secrets && other.is_secret() && !waits(other) => SECRET.to_owned(),
            other => inline(other),
        };
        let _ = writeln!(text, "{name:width$}  {shown}");
    }
    text
}

#[cfg(test)]
mod tests;
