//! Tags of objects of ElastiCache. Its own lists do not show them.

use std::collections::BTreeMap;

use aws_sdk_elasticache::types::Tag;
use infra_provider::error::ProviderError;
use infra_provider::request::UpdateRequest;

use crate::failure::{done, rejected};
use crate::kinds::objects::{Found, Place, Which, changes};
use crate::kinds::tagged;
use crate::ownership::{TagChange, Tags};

/// Returns tags as the service takes them.
pub(super) fn tags_of(tags: &Tags) -> Vec<Tag> {
    let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
    tags.iter().map(tag).collect()
}

/// Gives objects the tags they carry. Of one that was looked for by its name the service itself tells them, because it may just
/// have been made.
pub(super) async fn add(
    place: &Place,
    which: Which<'_>,
    found: Vec<(String, Found)>,
) -> Result<Vec<Found>, ProviderError> {
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let mut tags: BTreeMap<String, Tags> = BTreeMap::new();
    match which {
        Which::Ids(_) => {
            let arns: Vec<String> = found.iter().map(|(arn, _)| arn.clone()).collect();
            tags = tagged::of(place, &arns).await?;
        }
        Which::Like(_) | Which::Token(_) => {
            for (arn, _) in &found {
                tags.insert(arn.clone(), of_one(place, arn).await?);
            }
        }
    }
    let with_tags = found.into_iter().map(|(arn, found)| Found {
        tags: tags.remove(&arn).unwrap_or_default(),
        ..found
    });
    Ok(with_tags.collect())
}

async fn of_one(place: &Place, arn: &str) -> Result<Tags, ProviderError> {
    let call = place
        .clients
        .elasticache()
        .list_tags_for_resource()
        .resource_name(arn);
    let answer = call
        .send()
        .await
        .map_err(|error| rejected("elasticache.ListTagsForResource", error))?;
    let pair = |tag: Tag| Some((tag.key?, tag.value.unwrap_or_default()));
    Ok(answer
        .tag_list
        .unwrap_or_default()
        .into_iter()
        .filter_map(pair)
        .collect())
}

/// Changes the tags that the stack asks for, if an update is about them.
pub(super) async fn update(place: &Place, arn: &str, request: &UpdateRequest) -> Result<(), ProviderError> {
    if !changes(request, &["tags"]) {
        return Ok(());
    }
    let elasticache = place.clients.elasticache();
    let set = async |tags| {
        let call = elasticache
            .add_tags_to_resource()
            .resource_name(arn)
            .set_tags(Some(tags_of(&tags)));
        done("elasticache.AddTagsToResource", call.send().await)
    };
    let remove = async |keys| {
        let call = elasticache
            .remove_tags_from_resource()
            .resource_name(arn)
            .set_tag_keys(Some(keys));
        done("elasticache.RemoveTagsFromResource", call.send().await)
    };
    TagChange::between(&request.before, &request.inputs)
        .make(set, remove)
        .await
}
