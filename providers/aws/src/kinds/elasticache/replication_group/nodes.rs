//! The shards and nodes of a replication group: how many there are, how many there shall be.

use std::cmp::Ordering;

use aws_sdk_elasticache::types::{
    CacheCluster, ConfigureShard, NodeGroup, NodeGroupMember, ReplicationGroup,
};
use infra_model::value::Value;

/// Returns the number of shards.
pub(super) fn shards(group: &ReplicationGroup) -> i64 {
    group.node_groups().len().try_into().unwrap_or(i64::MAX)
}

/// Returns the replicas of each shard: a number, or a list where shards differ, which is never as a stack wants it.
pub(super) fn replicas_value(group: &ReplicationGroup) -> Value {
    let counts: Vec<i32> = group.node_groups().iter().map(replicas).collect();
    match counts.split_first() {
        None => Value::from(0_i64),
        Some((first, rest)) if rest.iter().all(|count| count == first) => Value::from(i64::from(*first)),
        Some(_) => Value::list(counts.into_iter().map(|count| Value::from(i64::from(count)))),
    }
}

/// Returns the shards that have fewer ([`Ordering::Less`]) or more replicas than wanted, each with what it shall have; whether
/// these are all.
pub(super) fn shards_with(
    group: &ReplicationGroup,
    than: Ordering,
    wanted: i32,
) -> (Vec<ConfigureShard>, bool) {
    let shards = group.node_groups();
    let differing: Vec<_> = shards
        .iter()
        .filter(|shard| replicas(shard).cmp(&wanted) == than)
        .map(|shard| {
            ConfigureShard::builder()
                .set_node_group_id(shard.node_group_id.clone())
                .new_replica_count(wanted)
                .build()
        })
        .collect();
    let are_all = differing.len() == shards.len();
    (differing, are_all)
}

/// Returns the ids of the first shards, those that stay when there shall be fewer.
pub(super) fn first_shards(group: &ReplicationGroup, count: usize) -> Vec<String> {
    let mut ids: Vec<_> = group
        .node_groups()
        .iter()
        .filter_map(|shard| shard.node_group_id.clone())
        .collect();
    ids.sort();
    ids.truncate(count);
    ids
}

/// Returns the node that daily snapshots should come from: a replica where there is one, to spare the primary.
pub(super) fn to_snapshot(group: &ReplicationGroup) -> Option<&str> {
    let members = group.node_groups().first()?.node_group_members();
    let is_replica = |member: &&NodeGroupMember| member.current_role() == Some("replica");
    let member = members.iter().find(is_replica).or_else(|| members.first())?;
    member.cache_cluster_id()
}

/// Returns address and port of every node. A single server tells its primary; in a cluster those that began as primaries come
/// first.
pub(super) fn places(group: &ReplicationGroup, nodes: &[CacheCluster]) -> Vec<String> {
    let mut ranked: Vec<(usize, String)> = Vec::new();
    for shard in group.node_groups() {
        for (at, member) in shard.node_group_members().iter().enumerate() {
            let rank = match member.current_role() {
                Some("primary") => 0,
                Some(_) => at + 1,
                None => at,
            };
            ranked.extend(place(member, nodes).map(|place| (rank, place)));
        }
    }
    ranked.sort();
    ranked.into_iter().map(|(_, place)| place).collect()
}

fn replicas(shard: &NodeGroup) -> i32 {
    let members = i32::try_from(shard.node_group_members().len()).unwrap_or(i32::MAX);
    (members - 1).max(0)
}

fn place(member: &NodeGroupMember, nodes: &[CacheCluster]) -> Option<String> {
    let id = member.cache_cluster_id();
    let node = nodes.iter().find(|node| node.cache_cluster_id() == id);
    let of_node = node.and_then(|node| node.cache_nodes().first()?.endpoint());
    let endpoint = of_node.or_else(|| member.read_endpoint())?;
    Some(format!("{}:{}", endpoint.address()?, endpoint.port()?))
}
