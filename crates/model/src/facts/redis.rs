//! The facts of a Redis server or cluster.

use super::{Branch, segment};
use crate::component::redis::{Persistence, Redis, RedisMode};

pub(super) fn describe(redis: &Redis, root: &mut Branch<'_>) {
    let Redis {
        version,
        segment: listens_in,
        size: class,
        mode,
        shards,
        replicas,
        memory_mb,
        eviction,
        persistence,
        tls,
    } = redis;
    let mode = match mode {
        RedisMode::Single => "single",
        RedisMode::Cluster => "cluster",
    };
    let persistence = match persistence {
        Persistence::None => "none",
        Persistence::Snapshot => "snapshot",
        Persistence::AppendOnly => "append_only",
    };
    root.set("version", *version);
    root.set("segment", segment(listens_in.as_ref()));
    root.set("size", class.word());
    root.set("mode", mode);
    root.set("shards", *shards);
    root.set("replicas", *replicas);
    root.set_optional("memory_mb", *memory_mb);
    root.set("eviction", eviction.as_str());
    root.set("persistence", persistence);
    root.set("tls", *tls);
}
