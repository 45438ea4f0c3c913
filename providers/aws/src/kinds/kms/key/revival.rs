//! Getting a key back that was deleted and is not gone yet.

use aws_sdk_kms::types::{KeyMetadata, KeyState};
use infra_provider::error::ProviderError;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest};

use super::look::{self, TAGGED_AS, describe, id_in};
use super::{Place, applied, tagging};
use crate::failure::{failed, half_done, rejected};
use crate::kinds::kms::whole_arn;
use crate::kinds::tagged;
use crate::ownership::{self, ADDRESS, Tags};

/// Returns the key of this address that waits for its deletion, usable again; nothing if there is none. One that is switched off was
/// taken back by a call that did not get to its end. Of several the one that was deleted last is taken.
pub(super) async fn revive(place: &Place, request: &CreateRequest) -> Result<Option<Applied>, ProviderError> {
    let tags = place.tags_of_new(request);
    let mut last: Option<(KeyMetadata, String)> = None;
    for arn in of_address(place, &tags).await? {
        let id = id_in(&arn);
        let Some(key) = describe(place, id).await? else {
            continue;
        };
        let may_be_taken = look::is_going(&key) || is_half_back(place, &key).await?;
        if may_be_taken && last.as_ref().is_none_or(|(other, _)| ended(other) < ended(&key)) {
            last = Some((key, arn));
        }
    }
    let Some((key, arn)) = last else {
        return Ok(None);
    };
    if look::is_going(&key) {
        cancel_deletion(place, key.key_id()).await?;
    }
    make_usable(place, key.key_id(), &tags).await.map_err(half_done)?;
    Ok(Some(applied(key.key_id(), &arn)))
}

/// Takes its address from a key in whose place another one stands already, so that no later key is this one taken back: it was
/// replaced because it shall not be used any more.
pub(super) async fn retire(place: &Place, request: &DeleteRequest) -> Result<(), ProviderError> {
    let id = &request.id.0;
    let own = tagged::of(place, &[whole_arn(place, id.to_owned())])
        .await?
        .into_values()
        .next();
    let Some(tags) = own.filter(|tags| tags.contains_key(ADDRESS)) else {
        return Ok(());
    };
    for arn in of_address(place, &tags).await? {
        let other = id_in(&arn);
        if other == id
            || describe(place, other)
                .await?
                .is_none_or(|key| look::is_going(&key))
        {
            continue;
        }
        let call = place.clients.kms().untag_resource().key_id(id).tag_keys(ADDRESS);
        call.send()
            .await
            .map_err(|error| failed("kms.UntagResource", error))?;
        break;
    }
    Ok(())
}

/// Returns the ARNs of the keys that carry the state and the address of these tags.
async fn of_address(place: &Place, tags: &Tags) -> Result<Vec<String>, ProviderError> {
    let address = tags.get(ADDRESS).map(String::as_str).unwrap_or_default();
    let here = tagged::with(place, TAGGED_AS, (ADDRESS, address)).await?;
    let lineage = tags.get(ownership::LINEAGE);
    let ours = here
        .into_iter()
        .filter(|(_, old)| old.get(ownership::LINEAGE) == lineage);
    Ok(ours.map(|(arn, _)| arn).collect())
}

/// Tells whether a key is switched off and nothing names it: one in use keeps its alias.
async fn is_half_back(place: &Place, key: &KeyMetadata) -> Result<bool, ProviderError> {
    if key.key_state != Some(KeyState::Disabled) {
        return Ok(false);
    }
    let call = place.clients.kms().list_aliases().key_id(key.key_id());
    let answer = call
        .send()
        .await
        .map_err(|error| rejected("kms.ListAliases", error))?;
    Ok(answer.aliases().is_empty())
}

/// Returns when a key will be gone; one that was taken back half-way counts as later than all.
fn ended(key: &KeyMetadata) -> i64 {
    key.deletion_date.map_or(i64::MAX, |date| date.secs())
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
