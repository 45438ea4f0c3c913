//! Tags of roles.

use aws_sdk_iam::types::Tag;
use infra_model::value::Attributes;
use infra_provider::error::ProviderError;

use crate::failure::failed;
use crate::kinds::objects::Place;
use crate::ownership::{TagChange, Tags};

/// Returns tags as the service takes them.
pub(super) fn tags_of(tags: &Tags) -> Vec<Tag> {
    let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build().ok();
    tags.iter().filter_map(tag).collect()
}

/// Changes the tags that the stack asks for.
pub(super) async fn change(
    place: &Place,
    name: &str,
    before: &Attributes,
    after: &Attributes,
) -> Result<(), ProviderError> {
    let change = TagChange::between(before, after);
    let iam = place.clients.iam();
    if !change.set.is_empty() {
        let call = iam
            .tag_role()
            .role_name(name)
            .set_tags(Some(tags_of(&change.set)));
        call.send().await.map_err(|error| failed("iam.TagRole", error))?;
    }
    if !change.removed.is_empty() {
        let call = iam
            .untag_role()
            .role_name(name)
            .set_tag_keys(Some(change.removed));
        call.send()
            .await
            .map_err(|error| failed("iam.UntagRole", error))?;
    }
    Ok(())
}
