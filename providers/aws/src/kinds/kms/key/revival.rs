//! Getting a key back that was deleted and is not gone yet.

use aws_sdk_kms::types::KeyState;
use infra_provider::error::ProviderError;
use infra_provider::request::{Applied, CreateRequest};

use super::look::{self, TAGGED_AS, describe, id_in};
use super::{Place, applied, tagging};
use crate::failure::{failed, half_done};
use crate::kinds::tagged;
use crate::ownership::{self, ADDRESS, Tags};

/// Returns the key of this address that waits for its deletion, usable again; nothing if there is none. One that is switched off was
/// taken back by a call that did not get to its end.
pub(super) async fn revive(place: &Place, request: &CreateRequest) -> Result<Option<Applied>, ProviderError> {
    let tags = place.tags_of_new(request);
    let address = tags.get(ADDRESS).map(String::as_str).unwrap_or_default();
    let here = tagged::with(place, TAGGED_AS, (ADDRESS, address)).await?;
    let lineage = &request.tag.lineage.0;
    for (arn, _) in here
        .iter()
        .filter(|(_, old)| old.get(ownership::LINEAGE) == Some(lineage))
    {
        let id = id_in(arn);
        let Some(key) = describe(place, id).await? else {
            continue;
        };
        if look::is_going(&key) {
            cancel_deletion(place, id).await?;
        } else if key.key_state != Some(KeyState::Disabled) {
            continue;
        }
        make_usable(place, id, &tags).await.map_err(half_done)?;
        return Ok(Some(applied(id, arn)));
    }
    Ok(None)
}

/// Takes a key out of the queue of those to be deleted. It is switched off then.
async fn cancel_deletion(place: &Place, id: &str) -> Result<(), ProviderError> {
    let call = place.clients.kms().cancel_key_deletion().key_id(id).send();
    call.await
        .map_err(|error| failed("kms.CancelKeyDeletion", error))?;
    Ok(())
}

/// Tags a key as what this call made, and switches it on. Whoever finds it in between sees that it is off.
async fn make_usable(place: &Place, id: &str, tags: &Tags) -> Result<(), ProviderError> {
    let call = place.clients.kms().tag_resource().key_id(id);
    call.set_tags(Some(tagging::tags_of(tags)))
        .send()
        .await
        .map_err(|error| failed("kms.TagResource", error))?;
    super::switch(place, id, true).await
}
