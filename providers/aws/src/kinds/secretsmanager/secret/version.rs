//! The id of a version, which is the token of the call that made it: `<token>` of a given value, and
//! `<token>-<rotation>-<length>-<alphabet>` of a generated one. The service takes 32 to 64 characters.

use infra_model::journal::Token;
use infra_model::sealing::Secret;
use infra_model::value::{Attributes, Value};
use infra_provider::error::{ErrorKind, ProviderError};
use infra_provider::vault::generate::Recipe;

/// How many characters a token has.
const TOKEN: usize = 32;

/// What generated a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Generated {
    /// The rotation that it is of.
    pub(super) rotation: i64,
    /// The recipe, as the attribute `generate` says it.
    pub(super) recipe: Value,
}

/// Returns the id of the version that a call with this token makes.
pub(super) fn id_for(token: &Token, inputs: &Attributes) -> String {
    let Some(recipe) = inputs.get("generate").and_then(Value::as_map) else {
        return token.0.clone();
    };
    let rotation = inputs.get("rotation").and_then(Value::as_int).unwrap_or_default();
    let length = recipe.get("length").and_then(Value::as_int).unwrap_or_default();
    let alphabet = recipe.get("alphabet").and_then(Value::as_str).unwrap_or_default();
    format!("{}-{rotation}-{length}-{alphabet}", token.0)
}

/// Returns what generated the value of a version; nothing where it was given, or made by somebody else.
pub(super) fn generated(id: &str) -> Option<Generated> {
    let (token, rest) = id.split_at_checked(TOKEN)?;
    if !token.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut parts = rest.strip_prefix('-')?.splitn(3, '-');
    let rotation = parts.next()?.parse().ok()?;
    let length: i64 = parts.next()?.parse().ok()?;
    let alphabet = parts.next()?;
    Some(Generated {
        rotation,
        recipe: Value::map([
            ("alphabet", Value::from(alphabet)),
            ("length", Value::from(length)),
        ]),
    })
}

/// Returns a value as the inputs ask for it: generated, or the given text.
///
/// # Errors
///
/// When neither is asked for, the recipe cannot be followed, or the machine gives no random bytes.
pub(super) fn value(operation: &str, inputs: &Attributes) -> Result<Secret, ProviderError> {
    match (inputs.get("generate"), inputs.get("value")) {
        (Some(recipe), _) if !recipe.is_null() => Recipe::from_value(recipe)
            .and_then(|recipe| recipe.generate())
            .map_err(|error| error.rejected(operation)),
        (_, Some(Value::Secret(secret))) => Ok(secret.clone()),
        (_, Some(Value::String(text))) => Ok(Secret::new(text.clone())),
        _ => {
            let message = "A secret is either generated or given";
            Err(ProviderError::rejected(ErrorKind::Invalid, operation, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(alphabet: &str, length: i64) -> Attributes {
        let recipe = Value::map([
            ("alphabet", Value::from(alphabet)),
            ("length", Value::from(length)),
        ]);
        Attributes::from([
            ("generate".to_owned(), recipe),
            ("rotation".to_owned(), Value::from(12_345_i64)),
        ])
    }

    #[test]
    fn a_version_tells_its_rotation_and_recipe_within_the_length_of_an_id() {
        for alphabet in ["alphanumeric", "url_safe", "hex"] {
            let inputs = inputs(alphabet, 4096);
            let id = id_for(&Token("0123456789abcdef0123456789abcdef".to_owned()), &inputs);
            assert!((32..=64).contains(&id.len()), "{id}");
            let expected = Generated {
                rotation: 12_345,
                recipe: inputs["generate"].clone(),
            };
            assert_eq!(generated(&id), Some(expected));
        }
    }

    #[test]
    fn a_version_of_somebody_else_tells_nothing() {
        for id in [
            "01234567-89ab-cdef-0123-456789abcdef",
            "0123456789abcdef0123456789abcdef",
            "x",
            "terraform-20260101000000000000000001",
        ] {
            assert_eq!(generated(id), None, "{id}");
        }
    }

    #[test]
    fn neither_generated_nor_given_is_refused() {
        let error = value("secretsmanager.CreateSecret", &Attributes::new()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Invalid);
    }
}
