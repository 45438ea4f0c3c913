//! What programs that use a stack read from their environment variables, resolved against the state.

use std::collections::BTreeMap;
use std::path::Path;

use infra_model::address::ComponentAddress;
use infra_model::diagnostic::near_match;
use infra_model::expression::{Reference, resolve};
use infra_model::sealing::Secret;
use infra_model::settings::{Consumer, Setting, SettingKind};
use infra_model::value::{Attributes, Value};

use crate::backend::Backend;
use crate::error::EngineError;
use crate::files;
use crate::opened::Opened;
use crate::output::{self, exports};

/// The format of settings as a document.
pub const FORMAT: &str = "infra.settings/1";

/// A program, and what it reads.
#[derive(Clone, Debug)]
pub struct ResolvedConsumer {
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: Option<String>,
    /// Its settings that have a value, in the order of their names; one that is not required and comes to null has none.
    pub settings: Vec<ResolvedSetting>,
}

/// An environment variable with its value.
#[derive(Clone, Debug)]
pub struct ResolvedSetting {
    /// The name of the variable.
    pub name: String,
    /// Its value. Whether it is a secret or not, it does not show itself by accident.
    pub text: Secret,
    /// Whether it is a secret, or computed from one.
    pub secret: bool,
    /// What it does.
    pub description: Option<String>,
}

/// Returns what the consumers of a stack read, or the one that is named.
///
/// # Errors
///
/// When there is no such consumer, a value is known only after apply, is not of its kind or is null where it is required,
/// or the provider cannot lower the stack.
pub async fn settings(
    backend: &Backend,
    opened: &Opened,
    consumer: Option<&str>,
) -> Result<Vec<ResolvedConsumer>, EngineError> {
    let chosen = choose(&opened.stack.settings, consumer)?;
    let exports = exports(backend, opened).await?;
    chosen
        .into_iter()
        .map(|(name, consumer)| resolved(opened, &exports, name, consumer))
        .collect()
}

/// Returns the consumers of a stack, or the one that is named.
///
/// # Errors
///
/// When there is no such consumer; the error names a near one.
pub fn choose<'a>(
    consumers: &'a BTreeMap<String, Consumer>,
    name: Option<&str>,
) -> Result<Vec<(&'a str, &'a Consumer)>, EngineError> {
    let Some(name) = name else {
        if consumers.is_empty() {
            let hint =
                "Say what a program reads with: settings \"<program>\" { setting \"NAME\" { value = … } }";
            return Err(EngineError::request("The stack declares no settings", hint));
        }
        return Ok(consumers.iter().map(|(name, one)| (name.as_str(), one)).collect());
    };
    if let Some((name, found)) = consumers.get_key_value(name) {
        return Ok(vec![(name, found)]);
    }
    let names = consumers.keys().map(String::as_str);
    let hint = match near_match(name, names.clone()) {
        Some(near) => format!("Did you mean `{near}`?"),
        None => format!("Declared are: {}", names.collect::<Vec<_>>().join(", ")),
    };
    let message = format!("The stack declares no settings of a consumer `{name}`");
    Err(EngineError::request(message, hint))
}

fn resolved(
    opened: &Opened,
    exports: &BTreeMap<ComponentAddress, Attributes>,
    name: &str,
    consumer: &Consumer,
) -> Result<ResolvedConsumer, EngineError> {
    let mut settings = Vec::new();
    for (variable, setting) in &consumer.settings {
        let Some(value) = &setting.value else { continue };
        let value = resolve(value.clone(), &|reference| look_up(exports, reference));
        let value = value.map_err(EngineError::defect)?;
        if value.is_null() && !setting.required {
            continue;
        }
        let secret = value.is_secret() || setting.kind == SettingKind::Secret;
        settings.push(ResolvedSetting {
            name: variable.clone(),
            text: text(opened, (name, variable, setting), value)?,
            secret,
            description: setting.description.clone(),
        });
    }
    Ok(ResolvedConsumer {
        name: name.to_owned(),
        description: consumer.description.clone(),
        settings,
    })
}

fn look_up(exports: &BTreeMap<ComponentAddress, Attributes>, reference: &Reference) -> Option<Value> {
    let Reference::Export { component, path, .. } = reference else {
        return None;
    };
    let (first, rest) = path.split_first()?;
    let first = exports.get(component)?.get(first)?;
    output::within(first, rest.iter().map(String::as_str)).cloned()
}

/// Returns a value as the program reads it. Whether it is of its kind is told without repeating it.
fn text(
    opened: &Opened,
    (consumer, name, setting): (&str, &str, &Setting),
    value: Value,
) -> Result<Secret, EngineError> {
    let text = match output::reveal(value, &*opened.key)? {
        Value::String(text) => Secret::new(text),
        Value::Secret(secret) => secret,
        Value::Number(number) => Secret::new(number.to_string()),
        Value::Bool(truth) => Secret::new(truth.to_string()),
        Value::Deferred(_) => {
            let message = format!("The setting `{name}` of `{consumer}` is known only after apply");
            let hint = format!("Run: infra apply {}", opened.stack.environment.name);
            return Err(EngineError::request(message, hint));
        }
        Value::Null => {
            let message =
                format!("The setting `{name}` of `{consumer}` has no value: what the stack says is null");
            let hint = "Say `required = false` if the program does without it, or give it another value";
            return Err(EngineError::request(message, hint));
        }
        other => {
            let found = other.type_name();
            let message =
                format!("The setting `{name}` of `{consumer}` is a {found}, and a program reads texts");
            let hint = "Make a text of it in the stack, with `join` or `jsonencode`";
            return Err(EngineError::request(message, hint));
        }
    };
    if !setting.kind.fits(text.expose()) {
        let message = format!("The value of the setting `{name}` of `{consumer}` is not of its type");
        return Err(EngineError::request(
            message,
            format!("Expected {}", setting.kind.expected()),
        ));
    }
    Ok(text)
}

/// How a file begins that a command of ours wrote, but for JSON, which has no comments.
pub const MARK: &str = "# Written by infra ";

/// Writes settings to a file that only its owner may read and write. What is there already is replaced only if it was
/// written here: it begins with [`MARK`], or is a JSON object of texts.
///
/// # Errors
///
/// When something else is there, or the disk refuses.
pub fn write(path: &Path, text: &str) -> Result<(), EngineError> {
    if std::fs::symlink_metadata(path).is_ok() && !std::fs::read(path).is_ok_and(|found| is_ours(&found)) {
        let message = format!("`{}` exists and was not written by this command", path.display());
        return Err(EngineError::request(
            message,
            "Remove it, or name another file with --out",
        ));
    }
    files::replace_private(path, text.as_bytes())
}

fn is_ours(content: &[u8]) -> bool {
    let texts = || serde_json::from_slice::<BTreeMap<String, serde_json::Value>>(content);
    let of_texts = |all: BTreeMap<String, serde_json::Value>| {
        all.get("format").is_some_and(|format| format == FORMAT)
            || all.values().all(serde_json::Value::is_string)
    };
    content.is_empty() || content.starts_with(MARK.as_bytes()) || texts().is_ok_and(of_texts)
}
