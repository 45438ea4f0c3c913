//! Changing a secret in place.

use infra_provider::error::ProviderError;
use infra_provider::request::{Applied, UpdateRequest};

use super::{look, settings, version};
use crate::failure::half_done;
use crate::kinds::inputs::text;
use crate::kinds::objects::{Place, changes};

/// Changes a secret. Each part can be sent again; from the second on a failure leaves open what was done.
pub(super) async fn update(place: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError> {
    let (arn, inputs) = (&request.id.0, &request.inputs);
    let current = if changes(request, &["generate", "value", "rotation"]) {
        let operation = "secretsmanager.PutSecretValue";
        let value = version::value(operation, inputs)?;
        let put = settings::put(place, arn, (version::id_for(&request.token, inputs), value)).await?;
        change_settings(place, request).await.map_err(half_done)?;
        put
    } else {
        // The value may be unreadable for what is changed here: its key.
        change_settings(place, request).await.map_err(half_done)?;
        look::value(place, arn, None).await.map_err(half_done)?
    };
    Ok(settings::applied(arn.clone(), text(inputs, "name")?, current))
}

async fn change_settings(place: &Place, request: &UpdateRequest) -> Result<(), ProviderError> {
    let (arn, inputs) = (&request.id.0, &request.inputs);
    if changes(request, &["kms_key"]) {
        settings::describe_as(place, arn, inputs).await?;
    }
    if changes(request, &["rotation_lambda", "rotation_days"]) {
        if inputs.contains_key("rotation_lambda") {
            settings::rotate_by_function(place, arn, inputs).await?;
        } else {
            settings::cancel_rotation(place, arn).await?;
        }
    }
    if changes(request, &["tags"]) {
        settings::change_tags(place, arn, &request.before, inputs).await?;
    }
    Ok(())
}
