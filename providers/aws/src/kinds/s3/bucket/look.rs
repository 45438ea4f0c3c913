//! Looking at buckets.

use std::collections::BTreeSet;

use aws_sdk_s3::types::{BucketVersioningStatus, PublicAccessBlockConfiguration, ServerSideEncryptionRule};
use futures::future::try_join_all;
use infra_model::record::ObjectId;
use infra_model::snapshot::Condition;
use infra_model::value::Value;
use infra_provider::error::ProviderError;

use super::super::arn;
use super::{SELF, applied, lifecycle, tagging};
use crate::failure::{rejected, seen};
use crate::kinds::inputs::optional;
use crate::kinds::kms;
use crate::kinds::objects::{Found, Place, Which, attributes};

/// How many buckets a page holds at most.
const PAGE: i32 = 1_000;

/// Lists buckets of the account in the region.
pub(super) async fn list(place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
    let names = which.names("name");
    let owned = owned(place, &names).await?;
    let there = names.into_iter().filter(|name| owned.contains(*name));
    let looks = there.map(|name| look_at(place, name));
    Ok(try_join_all(looks).await?.into_iter().flatten().collect())
}

/// Returns the names of those that the account has in the region. Names are of the whole world, and questions about a bucket of
/// somebody else are refused.
pub(in crate::kinds::s3) async fn owned(
    place: &Place,
    names: &[&str],
) -> Result<BTreeSet<String>, ProviderError> {
    if names.is_empty() {
        return Ok(BTreeSet::new());
    }
    let pages = place
        .clients
        .s3()
        .list_buckets()
        .bucket_region(&place.clients.region)
        .set_prefix(Some(common_beginning(names)).filter(|beginning| !beginning.is_empty()))
        .into_paginator()
        .page_size(PAGE)
        .items()
        .send();
    let buckets = pages
        .try_collect()
        .await
        .map_err(|error| rejected("s3.ListAllMyBuckets", error))?;
    Ok(buckets.into_iter().filter_map(|bucket| bucket.name).collect())
}

fn common_beginning(names: &[&str]) -> String {
    let Some((first, others)) = names.split_first() else {
        return String::new();
    };
    let is_common = |(at, letter): &(usize, char)| {
        others
            .iter()
            .all(|other| other[..].get(*at..).is_some_and(|rest| rest.starts_with(*letter)))
    };
    let common = first.char_indices().take_while(is_common);
    common.map(|(_, letter)| letter).collect()
}

async fn look_at(place: &Place, name: &str) -> Result<Option<Found>, ProviderError> {
    let looks = futures::try_join!(
        tagging::read(place, name),
        versioning(place, name),
        encryption(place, name),
        is_closed(place, name),
        policy(place, name),
        ownership(place, name),
        lifecycle::read(place, name),
    );
    let (tags, versioning, encryption, is_closed, policy, ownership, lifecycle) = looks?;
    // Every bucket answers about versions: one that does not is gone since it was listed.
    let Some(versioning) = versioning else {
        return Ok(None);
    };
    let (key, bucket_key) = encryption;
    Ok(Some(Found {
        id: ObjectId(name.to_owned()),
        attributes: attributes([
            ("name", Value::string(name)),
            ("versioning", Value::from(versioning)),
            (
                "encryption_key",
                optional(key.map(|key| kms::whole_arn(place, key))),
            ),
            ("bucket_key", Value::from(bucket_key)),
            ("public_access_block", Value::from(is_closed)),
            ("policy", optional(policy)),
            ("ownership", optional(ownership)),
            ("lifecycle", lifecycle),
        ]),
        outputs: applied(place, name).outputs,
        condition: Condition::Complete,
        tags,
    }))
}

async fn versioning(place: &Place, name: &str) -> Result<Option<bool>, ProviderError> {
    let call = place.clients.s3().get_bucket_versioning().bucket(name).send();
    let answer = seen("s3.GetBucketVersioning", call.await)?;
    Ok(answer.map(|answer| answer.status == Some(BucketVersioningStatus::Enabled)))
}

/// Returns the key of KMS that encrypts, and whether the bucket has a key of its own under it.
async fn encryption(place: &Place, name: &str) -> Result<(Option<String>, bool), ProviderError> {
    let call = place.clients.s3().get_bucket_encryption().bucket(name).send();
    let answer = seen("s3.GetEncryptionConfiguration", call.await)?;
    let rules = answer.and_then(|answer| answer.server_side_encryption_configuration);
    let rule: Option<ServerSideEncryptionRule> = rules.and_then(|rules| rules.rules.into_iter().next());
    Ok(rule.map_or((None, false), |rule| {
        let key = rule.apply_server_side_encryption_by_default;
        (
            key.and_then(|key| key.kms_master_key_id),
            rule.bucket_key_enabled == Some(true),
        )
    }))
}

async fn is_closed(place: &Place, name: &str) -> Result<bool, ProviderError> {
    let call = place.clients.s3().get_public_access_block().bucket(name).send();
    let answer = seen("s3.GetBucketPublicAccessBlock", call.await)?;
    let block = answer.and_then(|answer| answer.public_access_block_configuration);
    let all = |block: PublicAccessBlockConfiguration| {
        [
            block.block_public_acls,
            block.ignore_public_acls,
            block.block_public_policy,
            block.restrict_public_buckets,
        ]
        .iter()
        .all(|guard| *guard == Some(true))
    };
    Ok(block.is_some_and(all))
}

async fn policy(place: &Place, name: &str) -> Result<Option<String>, ProviderError> {
    let call = place.clients.s3().get_bucket_policy().bucket(name).send();
    let answer = seen("s3.GetBucketPolicy", call.await)?;
    let policy = answer.and_then(|answer| answer.policy);
    Ok(policy.map(|policy| policy.replace(&arn(&place.clients.region, name), SELF)))
}

async fn ownership(place: &Place, name: &str) -> Result<Option<String>, ProviderError> {
    let call = place
        .clients
        .s3()
        .get_bucket_ownership_controls()
        .bucket(name)
        .send();
    let answer = seen("s3.GetBucketOwnershipControls", call.await)?;
    let controls = answer.and_then(|answer| answer.ownership_controls);
    let rule = controls.and_then(|controls| controls.rules.into_iter().next());
    Ok(rule.map(|rule| rule.object_ownership.as_str().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::common_beginning;

    #[test]
    fn a_list_is_asked_only_for_names_that_begin_alike() {
        assert_eq!(common_beginning(&["shop-a-1", "shop-b-2"]), "shop-");
        assert_eq!(common_beginning(&["shop-a"]), "shop-a");
        assert_eq!(common_beginning(&["shop", "shop-a"]), "shop");
        assert_eq!(common_beginning(&["a", "b"]), "");
        assert_eq!(common_beginning(&[]), "");
    }
}
