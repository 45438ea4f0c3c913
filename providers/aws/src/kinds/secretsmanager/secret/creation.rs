//! Making a secret, and taking one back that waits for its deletion.

use infra_model::record::ObjectId;
use infra_model::sealing::Secret;
use infra_provider::error::{ErrorKind, ProviderError};
use infra_provider::request::{Applied, CreateRequest};

use super::look::{self, Described};
use super::{settings, version};
use crate::failure::{failed, half_done};
use crate::kinds::inputs::{optional_text, text};
use crate::kinds::objects::Place;
use crate::kinds::taken::told;
use crate::ownership::Tags;

const OPERATION: &str = "secretsmanager.CreateSecret";

/// Makes a secret. Sent again, it finds what the first call made, with the value of that time.
pub(super) async fn create(place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
    let inputs = &request.inputs;
    let (name, id) = (text(inputs, "name")?, version::id_for(&request.tag.token, inputs));
    let tags = place.tags_of_new(request);
    let value = version::value(OPERATION, inputs)?;
    let call = place
        .clients
        .secrets()
        .create_secret()
        .name(name)
        .client_request_token(&id)
        .secret_string(value.expose())
        .set_description(optional_text(inputs, "description").map(str::to_owned))
        .set_kms_key_id(optional_text(inputs, "kms_key").map(str::to_owned))
        .set_tags(Some(settings::tags_of(&tags)));
    let (arn, current) = match call.send().await.map_err(|error| failed(OPERATION, error)) {
        Ok(made) => (made.arn.unwrap_or_default(), (id, value)),
        Err(error) if error.kind == ErrorKind::AlreadyExists || waits_for_deletion(&error) => {
            take_over(place, (request, &tags), (id, value), error).await?
        }
        Err(error) => return Err(error),
    };
    settings::rotate_by_function(place, &arn, inputs)
        .await
        .map_err(half_done)?;
    Ok(settings::applied(arn, name, current))
}

/// Takes the secret that has the name: what an earlier try of this call made is as it shall be; one that was made for this address
/// and waits for its deletion, or that nobody recorded, becomes so.
async fn take_over(
    place: &Place,
    (request, tags): (&CreateRequest, &Tags),
    (id, value): (String, Secret),
    error: ProviderError,
) -> Result<(String, look::Current), ProviderError> {
    let name = text(&request.inputs, "name")?;
    let Some(seen) = look::describe(place, name).await? else {
        // It was deleted without a waiting time, and the service is not done with that.
        return Err(ProviderError {
            kind: ErrorKind::Busy,
            ..error
        });
    };
    if !look::is_of(&seen, tags) {
        return Err(taken(place, request, &seen, error));
    }
    if seen.versions.contains_key(&id) && !seen.is_going {
        return Ok((seen.arn.clone(), look::value(place, &seen.arn, Some(&id)).await?));
    }
    let current = bring_back(place, request, &seen, (id, value))
        .await
        .map_err(half_done)?;
    // The last thing, so that whoever looks for the tags of this call finds the whole.
    settings::tag(place, &seen.arn, tags).await.map_err(half_done)?;
    Ok((seen.arn, current))
}

async fn bring_back(
    place: &Place,
    request: &CreateRequest,
    seen: &Described,
    current: look::Current,
) -> Result<look::Current, ProviderError> {
    if seen.is_going {
        let call = place.clients.secrets().restore_secret().secret_id(&seen.arn);
        call.send()
            .await
            .map_err(|error| failed("secretsmanager.RestoreSecret", error))?;
    }
    settings::describe_as(place, &seen.arn, &request.inputs).await?;
    settings::put(place, &seen.arn, current).await
}

/// Tells whether a refusal says that a secret waits for its deletion.
pub(super) fn waits_for_deletion(error: &ProviderError) -> bool {
    let says = |text: &str| error.message.contains(text);
    error.code.as_deref() == Some("InvalidRequestException")
        && (says("scheduled for deletion") || says("marked for deletion") || says("marked deleted"))
}

/// Returns the error of a name that somebody else has.
fn taken(place: &Place, request: &CreateRequest, seen: &Described, error: ProviderError) -> ProviderError {
    let (name, arn) = (&seen.name, &seen.arn);
    let kind = ErrorKind::Foreign;
    if seen.is_going {
        let message = format!("The name `{name}` belongs to another secret, which waits for its deletion");
        let hint = format!(
            "Wait until it is gone, or get rid of it now if nobody needs it: aws secretsmanager delete-secret --force-delete-without-recovery --secret-id {arn}"
        );
        return ProviderError {
            kind,
            message,
            ..error
        }
        .hint(hint);
    }
    let message = format!("The name `{name}` belongs to another secret");
    let error = ProviderError {
        kind,
        message,
        ..error
    };
    told(place, request, (&ObjectId(arn.clone()), &seen.tags), error)
}
