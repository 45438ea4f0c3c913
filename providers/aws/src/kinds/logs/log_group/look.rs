//! Looking at log groups: those whose names begin alike in pages, and the tags of a hundred a call.

use std::collections::BTreeMap;

use aws_sdk_cloudwatchlogs::types::LogGroup;
use futures::future::try_join_all;
use infra_model::record::ObjectId;
use infra_model::snapshot::Condition;
use infra_model::value::Value;
use infra_provider::error::ProviderError;

use crate::failure::{is_absent, rejected};
use crate::kinds::inputs::optional;
use crate::kinds::objects::{Found, Place, Which, attributes};
use crate::kinds::tagged;
use crate::ownership::Tags;

/// The most that a page takes.
const PAGE: i32 = 50;

/// Lists log groups.
pub(super) async fn list(place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
    let names = which.names("name");
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let mut groups = beginning_with(place, common_prefix(&names)).await?;
    groups.retain(|group| group.log_group_name().is_some_and(|name| names.contains(&name)));
    let arns: Vec<String> = groups.iter().map(plain_arn).collect();
    let mut tags = match which {
        Which::Like(_) => told(place, &arns).await?,
        _ => tagged::of(place, &arns).await?,
    };
    let with_tags = |(group, arn): (LogGroup, &String)| found(group, tags.remove(arn).unwrap_or_default());
    Ok(groups.into_iter().zip(&arns).map(with_tags).collect())
}

/// Returns the tags of log groups as their own service tells them: the index of all tags learns late of new ones.
async fn told(place: &Place, arns: &[String]) -> Result<BTreeMap<String, Tags>, ProviderError> {
    let looks = arns.iter().map(async |arn| {
        let call = place.clients.logs().list_tags_for_resource().resource_arn(arn);
        match call
            .send()
            .await
            .map_err(|error| rejected("logs.ListTagsForResource", error))
        {
            Ok(answer) => Ok((arn.clone(), answer.tags.unwrap_or_default().into_iter().collect())),
            Err(error) if is_absent(&error) => Ok((arn.clone(), Tags::new())),
            Err(error) => Err(error),
        }
    });
    Ok(try_join_all(looks).await?.into_iter().collect())
}

/// Returns the ARN of a log group; nothing if there is none.
pub(super) async fn arn(place: &Place, name: &str) -> Result<Option<String>, ProviderError> {
    let groups = beginning_with(place, name).await?;
    let group = groups.iter().find(|group| group.log_group_name() == Some(name));
    Ok(group.map(plain_arn))
}

async fn beginning_with(place: &Place, prefix: &str) -> Result<Vec<LogGroup>, ProviderError> {
    let prefix = (!prefix.is_empty()).then(|| prefix.to_owned());
    let pages = place
        .clients
        .logs()
        .describe_log_groups()
        .set_log_group_name_prefix(prefix)
        .limit(PAGE)
        .into_paginator()
        .items()
        .send();
    pages
        .try_collect()
        .await
        .map_err(|error| rejected("logs.DescribeLogGroups", error))
}

fn found(group: LogGroup, tags: Tags) -> Found {
    let arn = plain_arn(&group);
    let days = group.retention_in_days.map(i64::from);
    let name = group.log_group_name.unwrap_or_default();
    Found {
        id: ObjectId(name.clone()),
        attributes: attributes([
            ("name", Value::string(name.as_str())),
            ("retention_days", days.map_or(Value::Null, Value::from)),
            ("kms_key", optional(group.kms_key_id)),
        ]),
        outputs: attributes([("name", Value::String(name)), ("arn", Value::String(arn))]),
        condition: Condition::Complete,
        tags,
    }
}

/// Returns the ARN of a group without the `:*` that stands for its streams.
fn plain_arn(group: &LogGroup) -> String {
    let arn = group.arn().unwrap_or_default();
    arn.strip_suffix(":*").unwrap_or(arn).to_owned()
}

/// Returns what all these names begin with.
fn common_prefix<'a>(names: &[&'a str]) -> &'a str {
    let Some((first, others)) = names.split_first() else {
        return "";
    };
    let shared = |other: &&str| {
        let pairs = first.char_indices().zip(other.chars());
        let same = pairs.take_while(|((_, left), right)| left == right);
        same.last().map_or(0, |((at, last), _)| at + last.len_utf8())
    };
    let length = others.iter().map(shared).min().unwrap_or(first.len());
    &first[..length]
}

#[cfg(test)]
mod tests {
    use super::common_prefix;

    #[test]
    fn groups_are_asked_for_by_what_their_names_share() {
        assert_eq!(
            common_prefix(&["/infra/a-1", "/infra/a-2", "/infra/b"]),
            "/infra/"
        );
        assert_eq!(common_prefix(&["/infra/a"]), "/infra/a");
        assert_eq!(common_prefix(&["/infra/a", "/aws/rds"]), "/");
        assert_eq!(common_prefix(&["é", "è"]), "");
        assert_eq!(common_prefix(&[]), "");
    }
}
