//! Tags of objects of RDS.

use aws_sdk_rds::types::Tag;
use infra_provider::error::ProviderError;
use infra_provider::request::UpdateRequest;

use crate::failure::{done, seen};
use crate::kinds::objects::{Place, changes};
use crate::ownership::{TagChange, Tags};

/// Returns tags as the service takes them.
pub(super) fn tags_of(tags: &Tags) -> Vec<Tag> {
    let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
    tags.iter().map(tag).collect()
}

/// Returns tags as the service gives them.
pub(super) fn read(tags: Option<&[Tag]>) -> Tags {
    let tags = tags.unwrap_or_default().iter();
    tags.filter_map(|tag| Some((tag.key.clone()?, tag.value.clone().unwrap_or_default())))
        .collect()
}

/// Changes the tags that a stack asks for, if the update is asked to.
pub(super) async fn change(place: &Place, arn: &str, request: &UpdateRequest) -> Result<(), ProviderError> {
    if !changes(request, &["tags"]) {
        return Ok(());
    }
    let rds = place.clients.rds();
    let set = async |tags| {
        let call = rds
            .add_tags_to_resource()
            .resource_name(arn)
            .set_tags(Some(tags_of(&tags)));
        done("rds.AddTagsToResource", call.send().await)
    };
    let remove = async |keys| {
        let call = rds
            .remove_tags_from_resource()
            .resource_name(arn)
            .set_tag_keys(Some(keys));
        done("rds.RemoveTagsFromResource", call.send().await)
    };
    TagChange::between(&request.before, &request.inputs)
        .make(set, remove)
        .await
}

/// Returns the tags of one object, as they are at this moment.
pub(super) async fn of_one(place: &Place, arn: &str) -> Result<Tags, ProviderError> {
    let call = place.clients.rds().list_tags_for_resource().resource_name(arn);
    let answer = seen("rds.ListTagsForResource", call.send().await)?;
    Ok(read(answer.and_then(|answer| answer.tag_list).as_deref()))
}
