//! The calls that change one part of a secret each.

use aws_sdk_secretsmanager::types::{RotationRulesType, Tag};
use infra_model::record::ObjectId;
use infra_model::value::{Attributes, Value};
use infra_provider::error::{ErrorKind, ProviderError};
use infra_provider::request::Applied;

use super::look::{self, Current};
use crate::failure::{failed, gone};
use crate::kinds::inputs::{number, optional_text};
use crate::kinds::objects::{Place, attributes};
use crate::ownership::{TagChange, Tags};

/// Makes a version and puts it in force. One that an earlier try made stays as it is, and is returned.
pub(super) async fn put(place: &Place, arn: &str, (id, value): Current) -> Result<Current, ProviderError> {
    let call = place
        .clients
        .secrets()
        .put_secret_value()
        .secret_id(arn)
        .client_request_token(&id)
        .secret_string(value.expose());
    match call
        .send()
        .await
        .map_err(|error| failed("secretsmanager.PutSecretValue", error))
    {
        Ok(_) => Ok((id, value)),
        Err(error) if error.kind == ErrorKind::AlreadyExists => look::value(place, arn, Some(&id)).await,
        Err(error) => Err(error),
    }
}

/// Sets what a secret is for, and the key that encrypts it.
pub(super) async fn describe_as(place: &Place, arn: &str, inputs: &Attributes) -> Result<(), ProviderError> {
    let call = place
        .clients
        .secrets()
        .update_secret()
        .secret_id(arn)
        .description(optional_text(inputs, "description").unwrap_or_default())
        .set_kms_key_id(optional_text(inputs, "kms_key").map(str::to_owned));
    call.send()
        .await
        .map_err(|error| failed("secretsmanager.UpdateSecret", error))?;
    Ok(())
}

/// Switches AWS's own rotation on, where inputs name a function. The first one comes when the days are over.
pub(super) async fn rotate_by_function(
    place: &Place,
    arn: &str,
    inputs: &Attributes,
) -> Result<(), ProviderError> {
    let Some(lambda) = optional_text(inputs, "rotation_lambda") else {
        return Ok(());
    };
    let days = number(inputs, "rotation_days").map(i64::from);
    let rules = RotationRulesType::builder()
        .set_automatically_after_days(days)
        .build();
    let call = place
        .clients
        .secrets()
        .rotate_secret()
        .secret_id(arn)
        .rotation_lambda_arn(lambda)
        .rotation_rules(rules)
        .rotate_immediately(false);
    call.send()
        .await
        .map_err(|error| failed("secretsmanager.RotateSecret", error))?;
    Ok(())
}

/// Switches AWS's own rotation off.
pub(super) async fn cancel_rotation(place: &Place, arn: &str) -> Result<(), ProviderError> {
    let call = place.clients.secrets().cancel_rotate_secret().secret_id(arn);
    call.send()
        .await
        .map_err(|error| failed("secretsmanager.CancelRotateSecret", error))?;
    Ok(())
}

/// Changes the tags that the stack asks for.
pub(super) async fn change_tags(
    place: &Place,
    arn: &str,
    before: &Attributes,
    after: &Attributes,
) -> Result<(), ProviderError> {
    let set = async |tags| tag(place, arn, &tags).await;
    let remove = async |keys| {
        let call = place.clients.secrets().untag_resource().secret_id(arn);
        gone(
            "secretsmanager.UntagResource",
            call.set_tag_keys(Some(keys)).send().await,
        )
    };
    TagChange::between(before, after).make(set, remove).await
}

/// Sets tags.
pub(super) async fn tag(place: &Place, arn: &str, tags: &Tags) -> Result<(), ProviderError> {
    let call = place.clients.secrets().tag_resource().secret_id(arn);
    call.set_tags(Some(tags_of(tags)))
        .send()
        .await
        .map_err(|error| failed("secretsmanager.TagResource", error))?;
    Ok(())
}

/// Returns tags as the service takes them.
pub(super) fn tags_of(tags: &Tags) -> Vec<Tag> {
    let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
    tags.iter().map(tag).collect()
}

/// Returns a secret as a call left it.
pub(super) fn applied(arn: String, name: &str, (version, value): Current) -> Applied {
    Applied {
        id: ObjectId(arn.clone()),
        outputs: attributes([
            ("arn", Value::String(arn)),
            ("name", Value::string(name)),
            ("version", Value::String(version)),
            ("value", Value::Secret(value)),
        ]),
    }
}
