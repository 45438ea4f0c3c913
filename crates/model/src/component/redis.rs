//! The component `redis`: one server, a primary with replicas, or a cluster.

use crate::component::{SegmentRef, Size};

/// A Redis server or cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redis {
    /// The major version.
    pub version: u32,
    /// Where it listens; none means this machine alone.
    pub segment: Option<SegmentRef>,
    /// The class of machine.
    pub size: Size,
    /// One server or a cluster.
    pub mode: RedisMode,
    /// The number of shards, one unless it is a cluster.
    pub shards: u32,
    /// Replicas of each shard.
    pub replicas: u32,
    /// Memory in MiB at which keys are evicted; none leaves it to the size.
    pub memory_mb: Option<u32>,
    /// What is evicted when memory is full, in Redis's own words: `noeviction`, `allkeys-lru`, …
    pub eviction: String,
    /// What survives a restart.
    pub persistence: Persistence,
    /// Whether clients, replicas and nodes talk to it over TLS alone.
    pub tls: bool,
}

/// The shape of a Redis deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedisMode {
    /// One primary.
    Single,
    /// Shards in cluster mode.
    Cluster,
}

/// What of Redis survives a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Persistence {
    /// Nothing.
    None,
    /// The last snapshot.
    Snapshot,
    /// Every acknowledged write of more than a second ago.
    AppendOnly,
}
