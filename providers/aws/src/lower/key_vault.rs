//! Lowers the component `key_vault`: a key with its name, and secrets encrypted with it.

use infra_model::component::key_vault::{KeyVault, VaultSecret};
use infra_model::diagnostic::Diagnostic;
use infra_model::resource::Desired;
use infra_model::value::{Attributes, Value};
use infra_provider::lowering::{Lowered, secret_output};

use super::encryption::{self, DELETION_WINDOW, key_for};
use super::scene::Scene;
use super::secrets::{self, RECOVERY_WINDOW};

/// What the block `aws` of a vault may set.
const SETTINGS: [&str; 4] = ["tags", DELETION_WINDOW, RECOVERY_WINDOW, ROTATION];

/// The setting that lets a function of AWS rotate the generated secrets of a vault.
const ROTATION: &str = "rotation";

/// Days between the rotations by a function if nothing is said.
const ROTATION_DAYS: i64 = 30;

/// Returns the key and the secrets of a vault and, as its exports, their values.
#[must_use]
pub fn lower(scene: &Scene<'_>, vault: &KeyVault) -> Lowered {
    let key = key_for(scene);
    let rotation = scene.setting(ROTATION).map(|setting| rotation(scene, setting));
    let (rotation, wrong) = match rotation {
        Some(Ok(rotation)) => (Some(rotation), None),
        Some(Err(wrong)) => (None, Some(wrong)),
        None => (None, None),
    };
    let made: Vec<(&String, Desired)> = vault
        .secrets
        .iter()
        .map(|(name, secret)| {
            let mut made = secrets::secret(scene, name, secret, key.arn.clone());
            if matches!(secret, VaultSecret::Generated(_)) {
                made.inputs.extend(rotation.clone().into_iter().flatten());
            }
            (name, made)
        })
        .collect();
    let values = made
        .iter()
        .map(|(name, secret)| (name.as_str(), secret_output(&secret.address, "value")));
    let exports = Attributes::from([
        ("name".to_owned(), Value::String(scene.name("", 250))),
        ("secret".to_owned(), Value::map(values)),
    ]);
    let mut resources = key.resources;
    resources.extend(made.into_iter().map(|(_, secret)| secret));
    Lowered {
        resources,
        exports,
        diagnostics: scene
            .unknown_settings(&SETTINGS)
            .into_iter()
            .chain(wrong)
            .chain(wrong_window(scene))
            .chain(encryption::faults(scene))
            .collect(),
    }
}

/// Reads the setting `rotation`: the ARN of a function, and the days between.
fn rotation(scene: &Scene<'_>, setting: &Value) -> Result<Attributes, Diagnostic> {
    let part = |name: &str| setting.as_map().and_then(|map| map.get(name));
    let days = part("days").map_or(Some(ROTATION_DAYS), Value::as_int);
    let lambda = part("lambda").and_then(Value::as_str);
    match (lambda, days.filter(|days| (1..=1000).contains(days))) {
        (Some(lambda), Some(days)) if lambda.starts_with("arn:") => Ok(Attributes::from([
            ("rotation_lambda".to_owned(), Value::from(lambda)),
            ("rotation_days".to_owned(), Value::from(days)),
        ])),
        _ => {
            let detail = format!(
                "`{ROTATION}` of `{}` needs the ARN of a function and 1 to 1000 days",
                scene.component.address
            );
            Err(Diagnostic::error("Wrong rotation", detail)
                .at(scene.component.span)
                .hint(format!(
                    "For example: rotation = {{ lambda = \"arn:{}:lambda:…\", days = 30 }}",
                    scene.partition()
                )))
        }
    }
}

/// Says when deleted secrets cannot wait as long as is asked for.
fn wrong_window(scene: &Scene<'_>) -> Option<Diagnostic> {
    let days = scene.setting(RECOVERY_WINDOW)?;
    if days
        .as_int()
        .is_some_and(|days| days == 0 || (7..=30).contains(&days))
    {
        return None;
    }
    let detail = format!(
        "`{RECOVERY_WINDOW}` of `{}` is 7 to 30 days, or 0 to delete secrets at once and for good",
        scene.component.address
    );
    Some(Diagnostic::error("Wrong waiting time", detail).at(scene.component.span))
}
