//! Tags of objects whose own service lists them without: the Resource Groups Tagging API shows a hundred a page.

use std::collections::BTreeMap;

use aws_sdk_resourcegroupstagging::types::{ResourceTagMapping, TagFilter};
use futures::future::try_join_all;
use infra_provider::error::ProviderError;

use crate::failure::rejected;
use crate::kinds::objects::Place;
use crate::ownership::Tags;

/// How many ARNs a call takes.
const AT_ONCE: usize = 100;

/// Returns the tags of objects by ARN: a hundred a call. One that nobody tagged, or that does not exist, is left out.
pub(crate) async fn of(place: &Place, arns: &[String]) -> Result<BTreeMap<String, Tags>, ProviderError> {
    let calls = arns.chunks(AT_ONCE).map(async |arns| {
        let call = place
            .clients
            .tagging()
            .get_resources()
            .set_resource_arn_list(Some(arns.to_vec()));
        call.send()
            .await
            .map_err(|error| rejected("tag.GetResources", error))
    });
    let found = try_join_all(calls).await?.into_iter();
    let found = found.flat_map(|page| page.resource_tag_mapping_list.unwrap_or_default());
    Ok(found.map(arn_and_tags).collect())
}

/// Returns ARN and tags of the objects of a type, such as `kms:key`, that have this value of a tag.
pub(crate) async fn with(
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
    Ok(found.into_iter().map(arn_and_tags).collect())
}

fn arn_and_tags(found: ResourceTagMapping) -> (String, Tags) {
    let tags = found.tags.unwrap_or_default().into_iter();
    let tags = tags.map(|tag| (tag.key, tag.value));
    (found.resource_arn.unwrap_or_default(), tags.collect())
}
