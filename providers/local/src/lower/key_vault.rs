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
    let mut lowered = Lowered::default();
    let mut values = Attributes::new();
    for (name, secret) in &vault.secrets {
        let resource = secret_resource(component, name, secret);
        values.insert(name.clone(), secret_output(&resource.address, "value"));
        lowered.resources.push(resource);
    }
    lowered
        .exports
        .insert("name".to_owned(), Value::string(component.address.as_str()));
    lowered.exports.insert("secret".to_owned(), Value::Map(values));
    lowered
}

/// Returns one secret of the environment's vault; other components use it for the passwords they need.
#[must_use]
pub fn secret_resource(component: &Component, name: &str, secret: &VaultSecret) -> Desired {
    let mut inputs = Attributes::from([
        (
            "name".to_owned(),
            Value::string(format!("{}/{name}", component.address)),
        ),
        ("rotation".to_owned(), Value::from(0_i64)),
    ]);
    match secret {
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
            inputs.insert("generate".to_owned(), Value::map(recipe));
        }
        VaultSecret::Given(value) => {
            inputs.insert("value".to_owned(), concealed(value.clone()));
        }
    }
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
