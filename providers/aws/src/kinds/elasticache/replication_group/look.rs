//! Looking at replication groups: all groups and all their nodes in pages, never one by one.

use std::time::Duration;

use aws_sdk_elasticache::types::{CacheCluster, ReplicationGroup};
use infra_model::record::ObjectId;
use infra_provider::error::{ErrorKind, ProviderError};
use infra_provider::request::Applied;

use super::seen::Seen;
use crate::failure::{rejected, seen};
use crate::kinds::elasticache::{PAGE, tagging};
use crate::kinds::inputs::text;
use crate::kinds::objects::{Found, Place, Which};
use crate::waiting;

/// How long a group may take for one change: data moves between shards at its own pace.
const PATIENCE: Duration = Duration::from_secs(3 * 60 * 60);

/// Lists groups.
pub(super) async fn list(place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
    let groups = match which {
        Which::Ids(_) => all(place).await?,
        Which::Like(inputs) => whole(place, text(inputs, "name")?).await?.into_iter().collect(),
        Which::Token(_) => Vec::new(),
    };
    let is_meant = |group: &ReplicationGroup| match which {
        Which::Ids(ids) => ids
            .iter()
            .any(|id| Some(id.0.as_str()) == group.replication_group_id()),
        _ => true,
    };
    let meant: Vec<_> = groups
        .into_iter()
        .filter(|group| is_meant(group) && !is_going(group))
        .collect();
    let found = with_nodes(place, meant).await?.into_iter().map(Seen::found);
    tagging::add(place, which, found.collect()).await
}

/// Looks at one group and its nodes.
///
/// # Errors
///
/// When there is none.
pub(super) async fn one(place: &Place, id: &str) -> Result<Seen, ProviderError> {
    let group = group(place, id).await?.ok_or_else(|| missing(id))?;
    let seen = with_nodes(place, vec![group]).await?.pop();
    seen.ok_or_else(|| missing(id))
}

/// Returns a group as an apply leaves it.
pub(super) async fn applied(place: &Place, id: &str) -> Result<Applied, ProviderError> {
    let (_, found) = one(place, id).await?.found();
    Ok(Applied {
        id: ObjectId(id.to_owned()),
        outputs: found.outputs,
    })
}

/// Returns what the service says of a group, nothing if there is none.
pub(super) async fn group(place: &Place, id: &str) -> Result<Option<ReplicationGroup>, ProviderError> {
    let call = place.clients.elasticache().describe_replication_groups();
    let answer = call.replication_group_id(id).send().await;
    let answer = seen("elasticache.DescribeReplicationGroups", answer)?;
    Ok(answer.and_then(|answer| answer.replication_groups.unwrap_or_default().pop()))
}

/// Waits until a group has done what it was asked for, and returns it.
///
/// # Errors
///
/// When it is not there, or could not be made.
pub(super) async fn settled(
    place: &Place,
    id: &str,
    operation: &str,
) -> Result<ReplicationGroup, ProviderError> {
    waiting::until(operation, PATIENCE, async || {
        let group = group(place, id).await?.ok_or_else(|| missing(id))?;
        match group.status() {
            Some("create-failed") => Err(failed_to_come(id, operation)),
            Some("available") if !is_pending(&group) => Ok(Some(group)),
            _ => Ok(None),
        }
    })
    .await
}

/// Waits until a group is gone.
pub(super) async fn gone(place: &Place, id: &str) -> Result<(), ProviderError> {
    waiting::until("elasticache.DeleteReplicationGroup", PATIENCE, async || {
        Ok(group(place, id).await?.is_none().then_some(()))
    })
    .await
}

/// Waits while a group is being deleted, and says whether it was.
pub(super) async fn outlasted(place: &Place, id: &str) -> Result<bool, ProviderError> {
    waiting::outlast("elasticache.DeleteReplicationGroup", PATIENCE, || async {
        Ok(group(place, id).await?.is_some_and(|group| is_going(&group)))
    })
    .await
}

/// Tells whether a group is being deleted: for the state it is gone.
pub(super) fn is_going(group: &ReplicationGroup) -> bool {
    group.status() == Some("deleting")
}

async fn all(place: &Place) -> Result<Vec<ReplicationGroup>, ProviderError> {
    let call = place.clients.elasticache().describe_replication_groups();
    let pages = call.max_records(PAGE).into_paginator().items().send();
    pages
        .try_collect()
        .await
        .map_err(|error| rejected("elasticache.DescribeReplicationGroups", error))
}

/// Returns the group that a lost call may have made, once it tells its addresses.
async fn whole(place: &Place, id: &str) -> Result<Option<ReplicationGroup>, ProviderError> {
    match group(place, id).await? {
        Some(group) if group.status() == Some("creating") => {
            let made = settled(place, id, "elasticache.CreateReplicationGroup").await;
            made.map(Some)
        }
        group => Ok(group),
    }
}

/// Gives groups their nodes: engine, parameter group and windows are told of nodes alone.
async fn with_nodes(place: &Place, groups: Vec<ReplicationGroup>) -> Result<Vec<Seen>, ProviderError> {
    if groups.is_empty() {
        return Ok(Vec::new());
    }
    let call = place.clients.elasticache().describe_cache_clusters();
    let pages = call
        .show_cache_node_info(true)
        .show_cache_clusters_not_in_replication_groups(false)
        .max_records(PAGE)
        .into_paginator()
        .items()
        .send();
    let nodes: Vec<CacheCluster> = pages
        .try_collect()
        .await
        .map_err(|error| rejected("elasticache.DescribeCacheClusters", error))?;
    Ok(groups.into_iter().map(|group| Seen::of(group, &nodes)).collect())
}

/// Tells whether a group has accepted what it has not done.
fn is_pending(group: &ReplicationGroup) -> bool {
    group.pending_modified_values().is_some_and(|pending| {
        pending.resharding().is_some()
            || pending.auth_token_status().is_some()
            || pending.automatic_failover_status().is_some()
            || pending.transit_encryption_enabled().is_some()
            || pending.transit_encryption_mode().is_some()
    })
}

fn missing(id: &str) -> ProviderError {
    let message = format!("There is no replication group `{id}`");
    ProviderError::rejected(
        ErrorKind::NotFound,
        "elasticache.DescribeReplicationGroups",
        message,
    )
}

fn failed_to_come(id: &str, operation: &str) -> ProviderError {
    let message = format!("The replication group `{id}` could not be made: its status is `create-failed`");
    let hint = format!("Why is told by: aws elasticache describe-events --source-identifier {id}");
    ProviderError::unknown(ErrorKind::Invalid, operation, message).hint(hint)
}
