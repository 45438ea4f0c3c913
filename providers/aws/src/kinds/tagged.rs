//! Tags of objects whose own service lists them without: the Resource Groups Tagging API shows a hundred a page.

use aws_sdk_resourcegroupstagging::types::TagFilter;
use infra_provider::error::ProviderError;

use crate::failure::rejected;
use crate::kinds::objects::Place;
use crate::ownership::Tags;

/// Returns ARN and tags of the objects of a type, such as `kms:key`, that have this value of a tag.
pub(crate) async fn list(
    place: &Place,
    resource_type: &str,
    (key, value): (&str, &str),
) -> Result<Vec<(String, Tags)>, ProviderError> {
    let filter = TagFilter::builder().key(key).values(value).build();
    let pages = place
        .clients
        .tagging()
        .get_resources()
        .resource_type_filters(resource_type)
        .tag_filters(filter)
        .resources_per_page(100)
        .into_paginator()
        .items()
        .send();
    let found = pages
        .try_collect()
        .await
        .map_err(|error| rejected("tag.GetResources", error))?;
    Ok(found
        .into_iter()
        .map(|found| {
            let tags = found
                .tags
                .unwrap_or_default()
                .into_iter()
                .map(|tag| (tag.key, tag.value));
            (found.resource_arn.unwrap_or_default(), tags.collect())
        })
        .collect())
}
