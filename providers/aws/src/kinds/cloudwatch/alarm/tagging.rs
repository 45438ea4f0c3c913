//! Tags of alarms.

use aws_sdk_cloudwatch::types::Tag;
use infra_model::value::Attributes;
use infra_provider::error::ProviderError;

use crate::failure::{done, seen};
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
    let answer = seen("cloudwatch.ListTagsForResource", call.send().await)?;
    let tags = answer.and_then(|answer| answer.tags).unwrap_or_default();
    Ok(tags
        .into_iter()
        .filter_map(|tag| Some((tag.key?, tag.value?)))
        .collect())
}

/// Changes the tags that the stack asks for.
pub(super) async fn change(
    place: &Place,
    arn: &str,
    before: &Attributes,
    after: &Attributes,
) -> Result<(), ProviderError> {
    let cloudwatch = place.clients.cloudwatch();
    let set = async |tags| {
        let call = cloudwatch
            .tag_resource()
            .resource_arn(arn)
            .set_tags(Some(tags_of(&tags)));
        done("cloudwatch.TagResource", call.send().await)
    };
    let remove = async |keys| {
        let call = cloudwatch
            .untag_resource()
            .resource_arn(arn)
            .set_tag_keys(Some(keys));
        done("cloudwatch.UntagResource", call.send().await)
    };
    TagChange::between(before, after).make(set, remove).await
}
