//! Settings one per line, and as a plain object.

use std::fmt::Write;

use infra_engine::settings::{ResolvedConsumer, ResolvedSetting};
use infra_model::settings::{Consumer, SettingKind};
use infra_model::value::Value;

/// Returns each variable once. Consumers that share one mean the same by it, which was checked.
pub(super) fn joined(consumers: &[ResolvedConsumer]) -> Vec<&ResolvedSetting> {
    let mut all: Vec<&ResolvedSetting> = consumers.iter().flat_map(|one| &one.settings).collect();
    all.sort_by(|left, right| left.name.cmp(&right.name));
    all.dedup_by(|left, right| left.name == right.name);
    all
}

/// Returns a file `.env`. Between single quotes nothing has a meaning; what does not fit between them is escaped
/// between double ones.
pub(super) fn dotenv(consumers: &[ResolvedConsumer]) -> String {
    let mut text = String::new();
    for setting in joined(consumers) {
        let value = setting.text.expose();
        let _ = match value.contains(['\'', '\n', '\r']) {
            false => writeln!(text, "{}='{value}'", setting.name),
            true => writeln!(text, "{}=\"{}\"", setting.name, escaped(value)),
        };
    }
    text
}

fn escaped(value: &str) -> String {
    let mut text = String::new();
    for c in value.chars() {
        match c {
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '"' | '\\' | '$' => text.extend(['\\', c]),
            c => text.push(c),
        }
    }
    text
}

/// Returns commands for a shell.
pub(super) fn shell(consumers: &[ResolvedConsumer]) -> String {
    let mut text = String::new();
    for setting in joined(consumers) {
        let value = setting.text.expose().replace('\'', r"'\''");
        let _ = writeln!(text, "export {}='{value}'", setting.name);
    }
    text
}

/// Returns an object of names and values.
pub(super) fn json(consumers: &[ResolvedConsumer]) -> String {
    let entries = joined(consumers).into_iter().map(|setting| {
        let value = setting.text.expose().to_owned();
        (setting.name.clone(), serde_json::Value::String(value))
    });
    let object = serde_json::Value::Object(entries.collect());
    format!("{object:#}\n")
}

/// Returns a file `.env.example`: what to fill in by hand. What stands in the stack's files anyway is filled in.
pub(crate) fn example(consumers: &[(&str, &Consumer)]) -> String {
    let mut text = String::new();
    for (name, consumer) in consumers {
        let description = consumer.description.as_deref().unwrap_or_default();
        let _ = match description {
            "" => writeln!(text, "# {name}"),
            description => writeln!(text, "# {name}: {description}"),
        };
        for (variable, setting) in &consumer.settings {
            text.push('\n');
            for line in setting
                .description
                .iter()
                .flat_map(|description| description.lines())
            {
                let _ = writeln!(text, "# {line}");
            }
            let need = if setting.required {
                "required"
            } else {
                "may be left out"
            };
            let _ = writeln!(text, "# {}, {need}", setting.kind.expected());
            let _ = writeln!(
                text,
                "{variable}={}",
                shown(&setting.kind, setting.value.as_ref())
            );
        }
        text.push('\n');
    }
    text
}

fn shown(kind: &SettingKind, value: Option<&Value>) -> String {
    match value {
        _ if *kind == SettingKind::Secret => String::new(),
        Some(Value::String(text)) => format!("'{text}'"),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Bool(truth)) => truth.to_string(),
        _ => String::new(),
    }
}
