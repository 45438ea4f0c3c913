//! Looking at keys: tags of a hundred a call, then what no list tells of each that is meant.

use aws_sdk_kms::types::{KeyMetadata, KeyState};
use futures::future::try_join_all;
use infra_model::record::ObjectId;
use infra_model::snapshot::Condition;
use infra_model::value::Value;
use infra_provider::error::ProviderError;

use crate::failure::{is_absent, rejected, seen};
use crate::kinds::inputs::optional;
use crate::kinds::kms::whole_arn;
use crate::kinds::objects::{Found, Place, Which, attributes};
use crate::kinds::tagged;
use crate::ownership::{self, Tags};

/// What the Tagging API calls keys.
pub(super) const TAGGED_AS: &str = "kms:key";

/// Lists keys. The service has no call that describes many at once.
pub(super) async fn list(place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
    let meant: Vec<(String, Option<Tags>)> = match which {
        Which::Ids(ids) => {
            let arns: Vec<String> = ids.iter().map(|id| whole_arn(place, id.0.clone())).collect();
            let mut tags = tagged::of(place, &arns).await?;
            let with_tags = |(id, arn): (&ObjectId, String)| (id.0.clone(), tags.remove(&arn));
            ids.iter().zip(arns).map(with_tags).collect()
        }
        Which::Token(token) => {
            let found = tagged::with(place, TAGGED_AS, (ownership::TOKEN, &token.0)).await?;
            found
                .into_iter()
                .map(|(arn, tags)| (id_in(&arn).to_owned(), Some(tags)))
                .collect()
        }
        Which::Like(_) => Vec::new(),
    };
    let looks = meant
        .into_iter()
        .map(async |(id, tags)| look_at(place, id, tags).await);
    Ok(try_join_all(looks).await?.into_iter().flatten().collect())
}

async fn look_at(place: &Place, id: String, tags: Option<Tags>) -> Result<Option<Found>, ProviderError> {
    let (key, rotation) = futures::try_join!(describe(place, &id), rotation(place, &id))?;
    let Some(key) = key.filter(|key| !is_going(key)) else {
        return Ok(None);
    };
    let arn = key.arn.clone();
    Ok(Some(Found {
        id: ObjectId(id.clone()),
        attributes: attributes([
            (
                "description",
                optional(key.description.filter(|text| !text.is_empty())),
            ),
            ("enabled", Value::from(key.enabled)),
            ("rotation", Value::from(rotation)),
            ("multi_region", Value::from(key.multi_region.unwrap_or_default())),
        ]),
        outputs: attributes([("id", Value::String(id)), ("arn", optional(arn))]),
        condition: Condition::Complete,
        tags: tags.unwrap_or_default(),
    }))
}

/// Returns what the service says of a key, nothing if there is none.
pub(super) async fn describe(place: &Place, id: &str) -> Result<Option<KeyMetadata>, ProviderError> {
    let call = place.clients.kms().describe_key().key_id(id).send();
    let answer = seen("kms.DescribeKey", call.await)?;
    Ok(answer.and_then(|answer| answer.key_metadata))
}

/// Tells whether a key waits for its deletion: for the state it is gone.
pub(super) fn is_going(key: &KeyMetadata) -> bool {
    matches!(
        key.key_state,
        Some(KeyState::PendingDeletion | KeyState::PendingReplicaDeletion)
    )
}

async fn rotation(place: &Place, id: &str) -> Result<bool, ProviderError> {
    let call = place.clients.kms().get_key_rotation_status().key_id(id).send();
    match call
        .await
        .map_err(|error| rejected("kms.GetKeyRotationStatus", error))
    {
        Ok(answer) => Ok(answer.key_rotation_enabled),
        Err(error) if is_absent(&error) || error.code.as_deref() == Some("KMSInvalidStateException") => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Returns the id in an ARN: `arn:aws:kms:eu-west-1:123456789012:key/<id>`.
pub(super) fn id_in(arn: &str) -> &str {
    arn.rsplit_once('/').map_or(arn, |(_, id)| id)
}
