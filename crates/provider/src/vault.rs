//! Secrets of vaults as all providers take them: where a value comes from, and how one is generated.

use infra_model::component::key_vault::{Alphabet, VaultSecret};
use infra_model::operation::{Function, Operation};
use infra_model::sealing::Secret;
use infra_model::value::{Attributes, Value};

pub mod generate;

/// Returns the inputs of a secret that say where its value comes from: `generate`, the recipe, or `value`, the secret itself. Whatever
/// is put into a vault is a secret from there on, also when the stack wrote it in clear.
#[must_use]
pub fn inputs(secret: &VaultSecret) -> Attributes {
    let (source, value) = match secret {
        VaultSecret::Generated(generate) => {
            let recipe = [
                ("alphabet", Value::from(name_of(generate.alphabet))),
                ("length", Value::from(generate.length)),
            ];
            ("generate", Value::map(recipe))
        }
        VaultSecret::Given(value) => ("value", concealed(value.clone())),
    };
    Attributes::from([
        (source.to_owned(), value),
        ("rotation".to_owned(), Value::from(0_i64)),
    ])
}

fn name_of(alphabet: Alphabet) -> &'static str {
    match alphabet {
        Alphabet::Alphanumeric => "alphanumeric",
        Alphabet::Hex => "hex",
        Alphabet::UrlSafe => "url_safe",
    }
}

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
