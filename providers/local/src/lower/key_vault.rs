//! Lowers the component `key_vault`: one encrypted file per secret.

use std::collections::BTreeSet;

use infra_model::component::Component;
use infra_model::component::key_vault::{KeyVault, VaultSecret};
use infra_model::resource::{Desired, Target};
use infra_model::value::{Attributes, Value};
use infra_provider::lowering::{Lowered, address, secret_output};
use infra_provider::vault;

use crate::vault::kind::SECRET;

/// Returns the secrets of a vault and, as its exports, their values.
#[must_use]
pub fn lower(component: &Component, vault: &KeyVault) -> Lowered {
    let secrets = vault.secrets.iter();
    let resources: Vec<Desired> = secrets
        .map(|(name, secret)| secret_resource(component, name, secret))
        .collect();
    let values = vault.secrets.keys().zip(&resources);
    let values = values.map(|(name, resource)| (name.as_str(), secret_output(&resource.address, "value")));
    Lowered {
        exports: Attributes::from([
            ("name".to_owned(), Value::string(component.address.as_str())),
            ("secret".to_owned(), Value::map(values)),
        ]),
        resources,
        diagnostics: Vec::new(),
    }
}

/// Returns one secret of the environment's vault; other components use it for the passwords they need.
#[must_use]
pub fn secret_resource(component: &Component, name: &str, secret: &VaultSecret) -> Desired {
    let mut inputs = vault::inputs(secret);
    let name_of_secret = Value::string(format!("{}/{name}", component.address));
    inputs.insert("name".to_owned(), name_of_secret);
    Desired {
        address: address(component, SECRET, name),
        inputs,
        after: BTreeSet::new(),
        target: Target::default(),
        lifecycle: component.lifecycle.clone(),
    }
}
