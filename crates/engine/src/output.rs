//! What components export, resolved against the state.

use std::collections::BTreeMap;

use infra_model::address::ComponentAddress;
use infra_model::expression::{Reference, resolve};
use infra_model::record::RecordKey;
use infra_model::sealing::{Sealing, open_value};
use infra_model::value::{Attributes, Value};

use crate::backend::Backend;
use crate::error::EngineError;
use crate::opened::Opened;
use crate::plan;

/// Returns every export of every component. Secrets stay sealed; what does not exist yet stays deferred.
///
/// # Errors
///
/// When the provider cannot lower the stack.
pub async fn exports(
    backend: &Backend,
    opened: &Opened,
) -> Result<BTreeMap<ComponentAddress, Attributes>, EngineError> {
    let provider = opened.connect(backend).await?;
    let graph = plan::lower(opened, &*provider)?;
    let lookup = |reference: &Reference| match reference {
        Reference::Output { address, output, .. } => {
            let entry = opened.state.records.get(&RecordKey::current(address.clone()))?;
            entry.record().ok()?.outputs.get(output).cloned()
        }
        Reference::Export { .. } => None,
    };
    let resolved = |value: Value| resolve(value, &lookup).map_err(EngineError::defect);
    graph
        .exports
        .into_iter()
        .map(|(component, exports)| {
            let exports = exports
                .into_iter()
                .map(|(name, value)| Ok((name, resolved(value)?)))
                .collect::<Result<_, EngineError>>()?;
            Ok((component, exports))
        })
        .collect()
}

/// Returns one export by its whole name, such as `postgres.main.url` or `key_vault.app.secret.jwt`.
///
/// # Errors
///
/// When there is no such export; the error names a near one.
pub fn find<'a>(
    exports: &'a BTreeMap<ComponentAddress, Attributes>,
    name: &str,
) -> Result<&'a Value, EngineError> {
    let component = exports
        .iter()
        .filter(|(component, _)| {
            name.strip_prefix(component.as_str())
                .is_some_and(|rest| rest.starts_with('.'))
        })
        .max_by_key(|(component, _)| component.as_str().len());
    let found = component.and_then(|(component, exports)| {
        let mut parts = name[component.as_str().len() + 1..].split('.');
        let first = exports.get(parts.next()?)?;
        within(first, parts)
    });
    found.ok_or_else(|| {
        let names = names(exports);
        let near = infra_model::diagnostic::near_match(name, names.iter().map(String::as_str));
        let hint = near.map_or_else(
            || "See all of them with: infra output ENVIRONMENT".to_owned(),
            |near| format!("Did you mean `{near}`?"),
        );
        EngineError::request(format!("There is no output `{name}`"), hint)
    })
}

/// Returns the part of a value at a path of keys and numbers.
pub(crate) fn within<'a, 'p>(value: &'a Value, mut path: impl Iterator<Item = &'p str>) -> Option<&'a Value> {
    path.try_fold(value, |value, part| match value {
        Value::Map(entries) => entries.get(part),
        Value::List(values) => values.get(part.parse::<usize>().ok()?),
        _ => None,
    })
}

/// Returns the whole names of all exports.
#[must_use]
pub fn names(exports: &BTreeMap<ComponentAddress, Attributes>) -> Vec<String> {
    let mut names = Vec::new();
    for (component, exports) in exports {
        for (name, value) in exports {
            collect_names(&format!("{component}.{name}"), value, &mut names);
        }
    }
    names
}

fn collect_names(name: &str, value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Map(entries) => {
            entries
                .iter()
                .for_each(|(key, value)| collect_names(&format!("{name}.{key}"), value, names));
        }
        _ => names.push(name.to_owned()),
    }
}

/// Returns the value with its secrets in clear, for somebody who asked for them.
///
/// # Errors
///
/// When a seal does not fit the key, or an expression does not fit its values.
pub fn reveal(value: Value, sealing: &dyn Sealing) -> Result<Value, EngineError> {
    let opened = open_value(value, sealing).map_err(EngineError::defect)?;
    resolve(opened, &|_| None).map_err(EngineError::defect)
}
