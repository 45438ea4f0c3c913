//! Settings one per line, and as a plain object.

use std::collections::BTreeSet;
use std::fmt::Write;

use infra_engine::settings::{ResolvedConsumer, ResolvedSetting};
use infra_model::settings::{Consumer, SettingKind};
use infra_model::value::Value;

use crate::failure::{Failure, FailureKind};

/// Returns each variable once. Consumers that share one mean the same by it, which was checked.
pub(super) fn joined(consumers: &[ResolvedConsumer]) -> Vec<&ResolvedSetting> {
    let mut all: Vec<&ResolvedSetting> = consumers.iter().flat_map(|one| &one.settings).collect();
    all.sort_by(|left, right| left.name.cmp(&right.name));
    all.dedup_by(|left, right| left.name == right.name);
    all
}

/// Returns a file `.env`; fails where a value has no spelling that all readers understand alike.
pub(super) fn dotenv(consumers: &[ResolvedConsumer]) -> Result<String, Failure> {
    let mut text = String::new();
    for setting in joined(consumers) {
        let quoted = quoted(setting.text.expose()).ok_or_else(|| no_spelling(&setting.name))?;
        let _ = writeln!(text, "{}={quoted}", setting.name);
    }
    Ok(text)
}

/// Returns a value between quotes so that python-dotenv, dotenv of npm, `node --env-file` and a shell that reads the file
/// understand the same; nothing where they do not agree. In single quotes python-dotenv takes `\\` for one backslash and
/// a last one for an escape, and looks up `${NAME}` in any quotes; dotenv of npm makes `\r` a line's end; in double quotes
/// only what has no meaning to anybody is left alone.
fn quoted(value: &str) -> Option<String> {
    let looked_up = value.contains("${") || value.contains('\r');
    let escapes = value.contains(r"\\") || value.ends_with('\\');
    if looked_up {
        None
    } else if !value.contains('\'') && !escapes {
        Some(format!("'{value}'"))
    } else if !value.contains(['"', '\\', '$', '`']) {
        Some(format!("\"{value}\""))
    } else {
        None
    }
}

fn no_spelling(name: &str) -> Failure {
    let message = format!(
        "The value of `{name}` cannot be written so that all readers of such a file understand it alike"
    );
    Failure::new(FailureKind::User, message)
        .cause("It holds quotes, backslashes, `${` or a carriage return, which they read in different ways")
        .hint("Start the program with: infra run ENVIRONMENT -- COMMAND")
        .hint("Or write another form, such as --format json or --format shell")
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

/// Returns a file `.env.example`: what to fill in by hand. A plain value that the stack gives is filled in.
pub(crate) fn example(consumers: &[(&str, &Consumer)]) -> String {
    let mut text = String::new();
    let mut written = BTreeSet::new();
    for (name, consumer) in consumers {
        let about = consumer.description.as_deref().unwrap_or_default();
        comment(&mut text, format!("{name}: {about}").trim_end_matches(": "));
        for (variable, setting) in &consumer.settings {
            text.push('\n');
            comment(&mut text, setting.description.as_deref().unwrap_or_default());
            let need = if setting.required {
                "required"
            } else {
                "may be left out"
            };
            comment(&mut text, &format!("{}, {need}", setting.kind.expected()));
            let value = shown(&setting.kind, setting.value.as_ref());
            // What another consumer reads too stands there.
            let sign = if written.insert(variable) { "" } else { "# " };
            let _ = writeln!(text, "{sign}{variable}={value}");
        }
        text.push('\n');
    }
    text
}

/// Writes each line as a comment.
fn comment(text: &mut String, words: &str) {
    for line in words.split(['\n', '\r']).filter(|line| !line.is_empty()) {
        let _ = writeln!(text, "# {line}");
    }
}

fn shown(kind: &SettingKind, value: Option<&Value>) -> String {
    match value {
        _ if *kind == SettingKind::Secret => String::new(),
        Some(Value::String(text)) => quoted(text).unwrap_or_default(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Bool(truth)) => truth.to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_quoted_only_as_all_readers_understand_it() {
        let plain = [
            "",
            " a ",
            "a=b#c",
            "$HOME",
            "`id`",
            "a\\n",
            "say \"hi\"",
            "two\nlines",
        ];
        for value in plain {
            assert_eq!(quoted(value).unwrap(), format!("'{value}'"));
        }
        for value in ["it's", "it's\nhere"] {
            assert_eq!(quoted(value).unwrap(), format!("\"{value}\""));
        }
        let without = [
            "${HOME}",
            "a\rb",
            r"a\\b",
            r"a\",
            "it's $HOME",
            "it's `id`",
            r"it's \n",
            "it's \"5\"",
        ];
        for value in without {
            assert_eq!(quoted(value), None, "{value}");
        }
    }
}
