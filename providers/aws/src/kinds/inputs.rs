//! Reading inputs, and describing attributes: short words that all types use.

use std::collections::BTreeMap;

use infra_model::schema::{AttributeSchema, Equality, OnChange, OutputSchema};
use infra_model::value::{Attributes, Value};
use infra_provider::error::{ErrorKind, ProviderError};

/// Returns a text that a type cannot do without.
///
/// # Errors
///
/// When it is missing: lowering has a defect.
pub(crate) fn text<'a>(inputs: &'a Attributes, name: &str) -> Result<&'a str, ProviderError> {
    optional_text(inputs, name).ok_or_else(|| malformed(name))
}

/// Returns a text, nothing if it is not set.
pub(crate) fn optional_text<'a>(inputs: &'a Attributes, name: &str) -> Option<&'a str> {
    inputs.get(name).and_then(Value::as_str)
}

/// Returns a secret in clear, nothing if it is not set.
pub(crate) fn secret<'a>(inputs: &'a Attributes, name: &str) -> Option<&'a str> {
    match inputs.get(name)? {
        Value::Secret(secret) => Some(secret.expose()),
        other => other.as_str(),
    }
}

/// Returns a whole number, nothing if it is not set or too large for the service.
pub(crate) fn number(inputs: &Attributes, name: &str) -> Option<i32> {
    inputs
        .get(name)
        .and_then(Value::as_int)
        .and_then(|number| i32::try_from(number).ok())
}

/// Returns whether something is wanted, nothing if it is not said.
pub(crate) fn flag(inputs: &Attributes, name: &str) -> Option<bool> {
    inputs.get(name).and_then(Value::as_bool)
}

/// Returns a list of texts, empty if it is not set.
pub(crate) fn texts(inputs: &Attributes, name: &str) -> Vec<String> {
    let list = inputs.get(name).and_then(Value::as_list).unwrap_or_default();
    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Returns a map of texts, empty if it is not set.
pub(crate) fn text_map(inputs: &Attributes, name: &str) -> BTreeMap<String, String> {
    let map = inputs.get(name).and_then(Value::as_map).into_iter().flatten();
    map.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// Returns a text as a value, null for none.
pub(crate) fn optional(text: Option<impl Into<String>>) -> Value {
    text.map_or(Value::Null, |text| Value::string(text))
}

/// Returns the error of an input that is not what the type takes: lowering has a defect.
pub(crate) fn malformed(name: &str) -> ProviderError {
    let message = format!("The attribute `{name}` is not understood");
    ProviderError::rejected(ErrorKind::Bug, "read the inputs of a resource", message)
}

/// An attribute that an update changes and nobody notices.
pub(crate) fn in_place(summary: &str) -> AttributeSchema {
    AttributeSchema::new(summary, OnChange::InPlace)
}

/// An attribute that an update changes with a restart or failover.
pub(crate) fn disruptive(summary: &str) -> AttributeSchema {
    AttributeSchema::new(summary, OnChange::Disruptive)
}

/// An attribute that takes a new object.
pub(crate) fn replaces(summary: &str) -> AttributeSchema {
    AttributeSchema::new(summary, OnChange::Replace)
}

/// The attribute `tags` that every type has whose objects carry tags.
pub(crate) fn tags() -> (&'static str, AttributeSchema) {
    let summary = "Tags beyond those that say whose it is, by key";
    ("tags", in_place(summary).equality(Equality::DesiredKeys))
}

/// An output that is not secret and that updates leave alone.
pub(crate) fn output(summary: &str) -> OutputSchema {
    OutputSchema::new(summary)
}

/// Returns a map of named things.
pub(crate) fn named<T, const N: usize>(pairs: [(&str, T); N]) -> BTreeMap<String, T> {
    pairs.map(|(name, value)| (name.to_owned(), value)).into()
}
