//! `redis`.

use infra_model::component::redis::{Persistence, Redis, RedisMode};
use infra_model::diagnostic::Diagnostic;

use super::Node;
use super::postgres::size;
use crate::evaluate::World;
use crate::report::Failed;

/// The fewest shards of a cluster: fewer cannot agree on who failed.
const CLUSTER_SHARDS_MIN: u32 = 3;

pub(super) fn redis(node: &Node<'_>, world: &World<'_>) -> Result<Redis, Failed> {
    let mode = match node.text("mode")? {
        "single" => RedisMode::Single,
        "cluster" => RedisMode::Cluster,
        _ => return Err(Failed),
    };
    Ok(Redis {
        version: node.whole("version")?,
        segment: node.segment("segment")?,
        size: size(node)?,
        mode,
        shards: shards(node, mode, world)?,
        replicas: node.whole("replicas")?,
        memory_mb: node.optional_whole("memory_mb")?,
        eviction: node.text("eviction")?.to_owned(),
        persistence: match node.text("persistence")? {
            "none" => Persistence::None,
            "snapshot" => Persistence::Snapshot,
            "append_only" => Persistence::AppendOnly,
            _ => return Err(Failed),
        },
        tls: node.flag("tls")?,
    })
}

fn shards(node: &Node<'_>, mode: RedisMode, world: &World<'_>) -> Result<u32, Failed> {
    let shards = node.optional_whole("shards")?;
    let (detail, hint) = match (mode, shards) {
        (RedisMode::Single, None) => return Ok(1),
        (RedisMode::Cluster, None) => return Ok(CLUSTER_SHARDS_MIN),
        (RedisMode::Cluster, Some(shards)) if shards < CLUSTER_SHARDS_MIN => (
            format!("A cluster has at least {CLUSTER_SHARDS_MIN} shards, found {shards}"),
            "Set `shards = 3`, or `mode = \"single\"`",
        ),
        (RedisMode::Single, Some(shards)) if shards > 1 => (
            format!("A single server has one shard, found {shards}"),
            "Set `mode = \"cluster\"`, or leave `shards` out",
        ),
        (_, Some(shards)) => return Ok(shards),
    };
    let diagnostic = Diagnostic::error("Conflicting attributes", detail).at(node.span("shards"));
    Err(world
        .report
        .fail(diagnostic.related(node.span("mode"), "the mode").hint(hint)))
}
