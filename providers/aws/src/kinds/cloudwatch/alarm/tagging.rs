//! Tags of alarms.

use aws_sdk_cloudwatch::types::Tag;
use infra_model::value::Attributes;
use infra_provider::error::ProviderError;

use crate::failure::{failed, is_absent, rejected};
use crate::kinds::objects::Place;
use crate::ownership::{TagChange, Tags};

/// Returns tags as the service takes them.
pub(super) fn tags_of(tags: &Tags) -> Vec<Tag> {
    let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
    tags.iter().map(tag).collect()
}

/// Returns the tags of one alarm, as they are at this moment.
pub(super) async fn of_one(place: &Place, arn: &str) -> Result<Tags, ProviderError> {
    let call = place
        .clients
        .cloudwatch()
        .list_tags_for_resource()
        .resource_arn(arn);
    match call
        .send()
        .await
        .map_err(|error| rejected("cloudwatch.ListTagsForResource", error))
    {
        Ok(answer) => {
            let tags = answer.tags.unwrap_or_default().into_iter();
            Ok(tags.filter_map(|tag| Some((tag.key?, tag.value?))).collect())
        }
        Err(error) if is_absent(&error) => Ok(Tags::new()),
        Err(error) => Err(error),
    }
}

/// Changes the tags that the stack asks for.
pub(super) async fn change(
    place: &Place,
    arn: &str,
    before: &Attributes,
    after: &Attributes,
) -> Result<(), ProviderError> {
    let change = TagChange::between(before, after);
    let cloudwatch = place.clients.cloudwatch();
    if !change.set.is_empty() {
        let call = cloudwatch
            .tag_resource()
            .resource_arn(arn)
            .set_tags(Some(tags_of(&change.set)));
        call.send()
            .await
            .map_err(|error| failed("cloudwatch.TagResource", error))?;
    }
    if !change.removed.is_empty() {
        let call = cloudwatch
            .untag_resource()
            .resource_arn(arn)
            .set_tag_keys(Some(change.removed));
        call.send()
            .await
            .map_err(|error| failed("cloudwatch.UntagResource", error))?;
    }
    Ok(())
}
