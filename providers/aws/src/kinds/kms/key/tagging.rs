//! Tags of keys.

use aws_sdk_kms::types::Tag;
use infra_model::value::Attributes;
use infra_provider::error::ProviderError;

use crate::failure::done;
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
    let kms = place.clients.kms();
    let set = async |tags| {
        let call = kms.tag_resource().key_id(id).set_tags(Some(tags_of(&tags)));
        done("kms.TagResource", call.send().await)
    };
    let remove = async |keys| {
        let call = kms.untag_resource().key_id(id).set_tag_keys(Some(keys));
        done("kms.UntagResource", call.send().await)
    };
    TagChange::between(before, after).make(set, remove).await
}
