//! The key that encrypts what an environment keeps.
//!
//! It is that of the stack's first vault, so that one key is guarded and its deletion refused in one place. A stack without a vault
//! gets a key for each component that keeps data.

use infra_model::address::Address;
use infra_model::component::{Component, ComponentSpec};
use infra_model::resource::Desired;
use infra_model::value::Value;
use infra_provider::lowering::{address, output};

use super::scene::Scene;
use crate::kinds::kms::alias::ALIAS;
use crate::kinds::kms::key::KEY;

/// The name of a component's only key.
const MAIN: &str = "main";

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
    match shared_vault(scene) {
        Some(vault) if vault.address != scene.component.address && !is_vault(scene.component) => Encryption {
            arn: output(&key_of(vault), "arn"),
            resources: Vec::new(),
        },
        _ => own(scene),
    }
}

/// Returns a key of the component's own, with its name.
fn own(scene: &Scene<'_>) -> Encryption {
    let description = format!(
        "{} of {} in {}",
        scene.component.address, scene.stack.name, scene.stack.environment.name
    );
    let window = scene.setting("key_deletion_window_days").cloned();
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

/// Returns the first vault that is always there: one that is counted may go, and its key with it.
fn shared_vault<'a>(scene: &Scene<'a>) -> Option<&'a Component> {
    let vaults = scene
        .stack
        .components
        .values()
        .filter(|component| is_vault(component));
    vaults
        .into_iter()
        .find(|vault| !vault.address.as_str().contains('['))
}

fn is_vault(component: &Component) -> bool {
    matches!(component.spec, ComponentSpec::KeyVault(_))
}

fn key_of(vault: &Component) -> Address {
    address(vault, KEY, MAIN)
}
