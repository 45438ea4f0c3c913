//! Secrets in Secrets Manager: those of vaults, and the passwords that other components need.

use infra_model::component::key_vault::VaultSecret;
use infra_model::resource::Desired;
use infra_model::value::Value;
use infra_provider::vault;

use super::scene::Scene;
use crate::kinds::secretsmanager::secret::SECRET;

/// The setting of a component's block `aws` that says how long its deleted secrets can be got back.
pub(crate) const RECOVERY_WINDOW: &str = "recovery_window_days";

/// Returns a secret of a component, encrypted with the key of this ARN. The value is its secret output `value`.
pub(crate) fn secret(scene: &Scene<'_>, name: &str, secret: &VaultSecret, key_arn: Value) -> Desired {
    let mut inputs = vault::inputs(secret);
    let description = format!("`{name}` of {}", scene.component.address);
    let window = scene.setting(RECOVERY_WINDOW).cloned();
    inputs.extend([
        ("name".to_owned(), Value::String(full_name(scene, name))),
        ("description".to_owned(), Value::String(description)),
        ("kms_key".to_owned(), key_arn),
        (RECOVERY_WINDOW.to_owned(), window.unwrap_or_default()),
        ("tags".to_owned(), scene.tags()),
    ]);
    scene.resource_of(SECRET, name, inputs)
}

/// Returns the name of a secret: stack, environment, component and secret, between slashes. The kind stands in it, so that a
/// database and a cache of one label each have their own.
fn full_name(scene: &Scene<'_>, name: &str) -> String {
    let (stack, component) = (scene.stack, scene.component.address.as_str());
    let plain = format!("{}/{}/{component}/{name}", stack.name, stack.environment.name);
    let is_taken = |character: char| character.is_ascii_alphanumeric() || "/_+=.@-".contains(character);
    if plain.chars().all(is_taken) {
        return plain;
    }
    let clean: String = plain
        .chars()
        .map(|character| if is_taken(character) { character } else { '-' })
        .collect();
    format!("{clean}={}", super::names::digest(&plain))
}
