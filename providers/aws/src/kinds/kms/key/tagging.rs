//! Tags of keys.

use aws_sdk_kms::types::Tag;
use infra_model::value::Attributes;
use infra_provider::error::ProviderError;

use crate::failure::failed;
use crate::kinds::objects::Place;
use crate::ownership::{TagChange, Tags};

/// Returns tags as the service takes them.
pub(super) fn tags_of(tags: &Tags) -> Vec<Tag> {
    let tag = |(key, value): (&String, &String)| Tag::builder().tag_key(key).tag_value(value).build().ok();
    tags.iter().filter_map(tag).collect()
}

/// Changes the tags that the stack asks for.
pub(super) async fn change(
    place: &Place,
    id: &str,
    before: &Attributes,
    after: &Attributes,
) -> Result<(), ProviderError> {
    let change = TagChange::between(before, after);
    let kms = place.clients.kms();
    if !change.set.is_empty() {
        let call = kms.tag_resource().key_id(id).set_tags(Some(tags_of(&change.set)));
        call.send()
            .await
            .map_err(|error| failed("kms.TagResource", error))?;
    }
    if !change.removed.is_empty() {
        let call = kms.untag_resource().key_id(id).set_tag_keys(Some(change.removed));
        call.send()
            .await
            .map_err(|error| failed("kms.UntagResource", error))?;
    }
    Ok(())
}
