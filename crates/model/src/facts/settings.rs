//! The facts of a consumer: which environment variables it reads, and what they are.

use super::{Branch, Tree, texts};
use crate::settings::{Consumer, Setting, SettingKind};
use crate::value::Value;

pub(super) fn facts(consumer: &Consumer) -> Tree {
    // What is said to people only makes no environment different.
    let Consumer {
        description: _,
        settings,
    } = consumer;
    let mut tree = Tree::new();
    let mut root = Branch::root(&mut tree);
    for (name, setting) in settings {
        describe(setting, &mut root.branch(name));
    }
    tree
}

fn describe(setting: &Setting, branch: &mut Branch<'_>) {
    let Setting {
        kind,
        value,
        required,
        description: _,
        span: _,
    } = setting;
    let name = match kind {
        SettingKind::String => "string",
        SettingKind::Url => "url",
        SettingKind::Integer => "integer",
        SettingKind::Boolean => "boolean",
        SettingKind::Duration => "duration",
        SettingKind::Enum(_) => "enum",
        SettingKind::Secret => "secret",
    };
    branch.set("type", name);
    if let SettingKind::Enum(words) = kind {
        branch.set("values", texts(words));
    }
    branch.set("required", *required);
    match (kind, value) {
        // A text that is no secret by itself is one here, as wherever settings are shown.
        (SettingKind::Secret, Some(value)) => branch.set_concealed("value", value.clone()),
        (kind, value) => branch.set_optional("value", value.clone().map(|value| as_read(kind, value))),
    }
}

/// Returns a value in the one form that all values have which are the same to the program: it reads a text.
fn as_read(kind: &SettingKind, value: Value) -> Value {
    match (kind, value) {
        (SettingKind::Integer, Value::String(text)) => match text.parse::<i64>() {
            Ok(number) if number.to_string() == text => Value::from(number),
            _ => Value::String(text),
        },
        (SettingKind::Boolean, Value::String(text)) => match text.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => Value::String(text),
        },
        (SettingKind::Integer, number @ Value::Number(_)) => number,
        (SettingKind::Boolean, truth @ Value::Bool(_)) => truth,
        (_, Value::Number(number)) => Value::from(number.to_string()),
        (_, Value::Bool(truth)) => Value::from(truth.to_string()),
        (_, other) => other,
    }
}
