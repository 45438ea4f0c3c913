//! Lowers the component `key_vault`: one encrypted file per secret.

use std::collections::BTreeSet;

use infra_model::component::Component;
use infra_model::component::key_vault::{Alphabet, KeyVault, VaultSecret};
use infra_model::operation::{Function, Operation};
use infra_model::resource::{Desired, Target};
use infra_model::sealing::Secret;
use infra_model::value::{Attributes, Value};
use infra_provider::lowering::{Lowered, address, secret_output};

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
    let (source, value) = match secret {
        VaultSecret::Generated(generate) => {
            let alphabet = match generate.alphabet {
                Alphabet::Alphanumeric => "alphanumeric",
                Alphabet::Hex => "hex",
                Alphabet::UrlSafe => "url_safe",
            };
            let recipe = [
                ("alphabet", Value::from(alphabet)),
                ("length", Value::from(generate.length)),
            ];
            ("generate", Value::map(recipe))
        }
        VaultSecret::Given(value) => ("value", concealed(value.clone())),
    };
    let name_of_secret = Value::string(format!("{}/{name}", component.address));
    let inputs = Attributes::from([
        (source.to_owned(), value),
        ("name".to_owned(), name_of_secret),
        ("rotation".to_owned(), Value::from(0_i64)),
    ]);
    Desired {
        address: address(component, SECRET, name),
        inputs,
        after: BTreeSet::new(),
        target: Target::default(),
        lifecycle: component.lifecycle.clone(),
    }
}

/// Whatever is put into a vault is a secret from there on, also when the stack wrote it in clear.
fn concealed(value: Value) -> Value {
    match value {
        Value::String(text) => Value::Secret(Secret::new(text)),
        Value::Deferred(_) if !value.is_secret() => match Function::by_name("sensitive") {
            Some(sensitive) => Operation::Call(sensitive)
                .fold(vec![value.clone()])
                .unwrap_or(value),
            None => value,
        },
        other => other,
    }
}
