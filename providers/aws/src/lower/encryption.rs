//! The key that encrypts what an environment keeps.
//!
//! It is that of the stack's first vault, so that one key is guarded and its deletion refused in one place. A stack without a vault
//! gets a key for each component that keeps data.
//!
//! What is encrypted stays so with the key of that day. A component that began with another key than that which the stack as it is now
//! gives it says which one that is: `aws { encryption_key = "own" }`, or the address of a vault. The plan refuses to delete or exchange
//! a key as long as something is encrypted with it, so this cannot be forgotten.

use infra_model::address::Address;
use infra_model::component::{Component, ComponentSpec};
use infra_model::diagnostic::{Diagnostic, near_match};
use infra_model::resource::Desired;
use infra_model::value::Value;
use infra_provider::lowering::{address, output};

use super::scene::Scene;
use crate::kinds::kms::alias::ALIAS;
use crate::kinds::kms::key::KEY;

/// The name of a component's only key.
const MAIN: &str = "main";

/// The setting of a component's block `aws` that says which key it has.
pub(crate) const ENCRYPTION_KEY: &str = "encryption_key";

/// The setting that says how many days a deleted key waits.
pub(crate) const DELETION_WINDOW: &str = "key_deletion_window_days";

/// What `encryption_key` says of a key of the component's own.
const OWN: &str = "own";

/// A key to encrypt with.
#[derive(Clone, Debug)]
pub(crate) struct Encryption {
    /// Its ARN, known after apply.
    pub(crate) arn: Value,
    /// What makes it; nothing where another component does.
    pub(crate) resources: Vec<Desired>,
}

/// Returns the key that encrypts what a component keeps.
#[must_use]
pub(crate) fn key_for(scene: &Scene<'_>) -> Encryption {
    let vault = match scene.setting(ENCRYPTION_KEY).and_then(Value::as_str) {
        _ if is_vault(scene.component) => None,
        Some(OWN) => None,
        Some(address) => vaults(scene).find(|vault| vault.address.as_str() == address),
        None => vaults(scene).find(|vault| !is_counted(vault)),
    };
    match vault {
        Some(vault) => Encryption {
            arn: output(&key_of(vault), "arn"),
            resources: Vec::new(),
        },
        None => own(scene),
    }
}

/// Returns what is wrong with the settings of a component's key.
pub(crate) fn faults(scene: &Scene<'_>) -> Vec<Diagnostic> {
    let window = scene.setting(DELETION_WINDOW).filter(|days| {
        let days = days.as_int();
        !days.is_some_and(|days| days == 0 || (7..=30).contains(&days))
    });
    let window = window.map(|_| {
        let detail = format!(
            "`{DELETION_WINDOW}` of `{}` is 7 to 30 days, or 0 for a key that stays when its component is deleted",
            scene.component.address
        );
        Diagnostic::error("Wrong waiting time", detail).at(scene.component.span)
    });
    window.into_iter().chain(unknown_key(scene)).collect()
}

fn unknown_key(scene: &Scene<'_>) -> Option<Diagnostic> {
    let said = scene.setting(ENCRYPTION_KEY)?;
    let known: Vec<&str> = vaults(scene)
        .map(|vault| vault.address.as_str())
        .chain([OWN])
        .collect();
    let text = said.as_str().unwrap_or_default();
    if known.contains(&text) {
        return None;
    }
    let detail = format!(
        "`{ENCRYPTION_KEY}` in `aws` of `{}` names no vault of the stack",
        scene.component.address
    );
    let error = Diagnostic::error("Unknown key", detail).at(scene.component.span);
    Some(match near_match(text, known.iter().copied()) {
        Some(near) => error.hint(format!("Did you mean `{near}`?")),
        None => error.hint(format!("There are: {}", known.join(", "))),
    })
}

/// Returns a key of the component's own, with its name.
fn own(scene: &Scene<'_>) -> Encryption {
    let description = format!(
        "{} of {} in {}",
        scene.component.address, scene.stack.name, scene.stack.environment.name
    );
    let window = scene.setting(DELETION_WINDOW).cloned();
    let key = scene.resource(
        KEY,
        MAIN,
        [
            ("description", Value::String(description)),
            ("rotation", Value::from(true)),
            ("deletion_window_days", window.unwrap_or(Value::Null)),
            ("tags", scene.tags()),
        ],
    );
    let kind = scene.component.spec.kind().replace('_', "-");
    let name = format!("alias/{}", scene.name(&kind, 250));
    let alias = scene.resource(
        ALIAS,
        MAIN,
        [("name", Value::String(name)), ("key", output(&key.address, "id"))],
    );
    Encryption {
        arn: output(&key.address, "arn"),
        resources: vec![key, alias],
    }
}

fn vaults<'a>(scene: &Scene<'a>) -> impl Iterator<Item = &'a Component> + use<'a> {
    let components = scene.stack.components.values();
    components.filter(|component| is_vault(component))
}

/// Tells whether a vault is one of several of one block: it may go by itself, and its key with it.
fn is_counted(vault: &Component) -> bool {
    vault.address.as_str().contains('[')
}

fn is_vault(component: &Component) -> bool {
    matches!(component.spec, ComponentSpec::KeyVault(_))
}

fn key_of(vault: &Component) -> Address {
    address(vault, KEY, MAIN)
}

#[cfg(test)]
mod tests;
