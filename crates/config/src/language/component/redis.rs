//! The words of `redis`.

use super::{LABEL, SEGMENT, SHARED, SIZES};
use crate::language::ty::{Type, choice};
use crate::language::{AttributeSchema, BlockSchema, Default, Occurs};

/// A Redis server or cluster.
pub const REDIS: BlockSchema = BlockSchema {
    kind: "redis",
    summary: "A Redis server, a primary with replicas, or a cluster",
    label: Some(LABEL),
    occurs: Occurs::Labelled,
    attributes: &[
        AttributeSchema::new(
            "version",
            Type::Whole { min: 6, max: 8 },
            Default::Whole(7),
            "The major version",
        ),
        SEGMENT,
        AttributeSchema::new(
            "size",
            Type::Choice(SIZES),
            Default::Text("small"),
            "The portable class of machine; each provider maps it to its own",
        ),
        AttributeSchema::new(
            "mode",
            Type::Choice(&[
                choice("single", "One primary"),
                choice("cluster", "Shards in cluster mode"),
            ]),
            Default::Text("single"),
            "One server or a cluster",
        ),
        AttributeSchema::new(
            "shards",
            Type::Whole { min: 1, max: 90 },
            Default::Unset("1, or 3 in a cluster"),
            "The number of shards: 1, or at least 3 in a cluster",
        ),
        AttributeSchema::new(
            "replicas",
            Type::Whole { min: 0, max: 5 },
            Default::Whole(0),
            "Replicas of each shard",
        ),
        AttributeSchema::new(
            "memory_mb",
            Type::Whole {
                min: 1,
                max: 1_048_576,
            },
            Default::Unset("as the size allows"),
            "Memory in MiB at which keys are evicted",
        ),
        AttributeSchema::new(
            "eviction",
            Type::Choice(&[
                choice("noeviction", "Writes fail when memory is full"),
                choice("allkeys-lru", "The least recently used key"),
                choice("allkeys-lfu", "The least frequently used key"),
                choice("allkeys-random", "Any key"),
                choice("volatile-lru", "The least recently used key that expires"),
                choice("volatile-lfu", "The least frequently used key that expires"),
                choice("volatile-random", "Any key that expires"),
                choice("volatile-ttl", "The key that expires next"),
            ]),
            Default::Text("noeviction"),
            "What is evicted when memory is full",
        ),
        AttributeSchema::new(
            "persistence",
            Type::Choice(&[
                choice("none", "Nothing"),
                choice("snapshot", "The last snapshot"),
                choice("append_only", "Every write that is older than a second"),
            ]),
            Default::Text("none"),
            "What survives a restart",
        ),
        AttributeSchema::new(
            "tls",
            Type::Bool,
            Default::Bool(false),
            "Clients connect over TLS alone, and servers to each other",
        ),
    ],
    shared: Some(&SHARED),
    ..BlockSchema::EMPTY
};
