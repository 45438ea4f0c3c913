//! The facts of a consumer: which environment variables it reads, and what they are.

use super::{Branch, Tree, texts};
use crate::sealing::Sealed;
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
        (SettingKind::Secret, Some(value)) if value.is_known() => {
            branch.set("value", Value::Sealed(Sealed::from_text(String::new())));
        }
        (_, value) => branch.set_optional("value", value.clone()),
    }
}
