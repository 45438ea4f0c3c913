//! What the planner must know of replication groups.

use std::collections::BTreeMap;

use infra_model::schema::ascent::Ascent;
use infra_model::schema::{
    AttributeSchema, Equality, OutputSchema, RecoveryClass, ResourceSchema, TypicalDurations,
};

use super::REPLICATION_GROUP;
use crate::kinds::inputs::{disruptive, in_place, named, output, replaces, tags};
use crate::kinds::kms::key::KEPT_BY;

/// Returns the schema.
pub(super) fn schema() -> ResourceSchema {
    ResourceSchema {
        resource_type: REPLICATION_GROUP.parse().expect("a well-formed type"),
        summary: "A primary with its replicas, or the shards of a cluster, in Redis or Valkey".to_owned(),
        version: 1,
        recovery: RecoveryClass::Named,
        attributes: named([
            ("name", replaces("Its id, at most 40 characters")),
            ("description", in_place("What it is for")),
            tags(),
        ])
        .into_iter()
        .chain(engine())
        .chain(nodes())
        .chain(access())
        .chain(upkeep())
        .collect(),
        outputs: outputs(),
        holds_data: true,
        create_before_destroy: false,
        typical: TypicalDurations {
            create_ms: 600_000,
            update_ms: 600_000,
            delete_ms: 400_000,
        },
    }
}

fn engine() -> BTreeMap<String, AttributeSchema> {
    named([
        (
            "engine",
            disruptive("`redis` or `valkey`; only the way to `valkey` is open")
                .default_value("redis")
                .only_up(Ascent::Steps(["redis", "valkey"].map(str::to_owned).into())),
        ),
        (
            "engine_version",
            disruptive(
                "Its version, such as `7.1`; a newer minor one that the service installed stays, and there is no way back to an older one",
            )
            .equality(Equality::NewerMinor)
            .only_up(Ascent::Version),
        ),
        (
            "parameter_group",
            in_place("The name of its parameter group, of the engine's family"),
        ),
        (
            "cluster",
            replaces("Whether it is in cluster mode").default_value(false),
        ),
    ])
}

fn nodes() -> BTreeMap<String, AttributeSchema> {
    named([
        (
            "node_type",
            disruptive("The class of its nodes, such as `cache.t4g.small`"),
        ),
        (
            "shards",
            in_place("The number of shards, one unless it is in cluster mode").default_value(1_i64),
        ),
        (
            "replicas",
            in_place("Replicas of each shard").default_value(0_i64),
        ),
        (
            "automatic_failover",
            in_place("Whether a replica takes over from a primary that fails").default_value(false),
        ),
        (
            "multi_az",
            in_place("Whether primary and replicas stand in different zones").default_value(false),
        ),
    ])
}

fn access() -> BTreeMap<String, AttributeSchema> {
    named([
        ("subnet_group", replaces("The name of its subnet group")),
        (
            "security_groups",
            in_place("The ids of its security groups").equality(Equality::Unordered),
        ),
        ("port", replaces("The port of every node").default_value(6379_i64)),
        (
            "transit_encryption",
            disruptive("Whether clients and nodes talk over TLS alone").default_value(false),
        ),
        (
            "auth",
            in_place("Whether clients log in with the token").default_value(false),
        ),
        (
            "auth_token",
            in_place("The token that clients log in with; a new one is set while the old one still opens")
                .not_observed(),
        ),
        (
            "at_rest_encryption",
            replaces("Whether what is written is encrypted")
                .default_value(false)
                .carried(),
        ),
        (
            "kms_key",
            replaces("The ARN of the key that encrypts it")
                .carried()
                .unlocks(KEPT_BY),
        ),
    ])
}

fn upkeep() -> BTreeMap<String, AttributeSchema> {
    named([
        (
            "snapshot_retention_days",
            in_place("Days that daily snapshots are kept, 0 for none").default_value(0_i64),
        ),
        (
            "snapshot_window",
            in_place("When they are taken in UTC, such as `03:00-04:00`"),
        ),
        (
            "final_snapshot",
            in_place("Whether a snapshot is taken before it is deleted")
                .default_value(false)
                .not_observed(),
        ),
        (
            "maintenance_window",
            in_place("When the service may restart nodes in UTC, such as `sun:05:00-sun:06:00`"),
        ),
        (
            "auto_minor_version_upgrade",
            in_place("Whether the service installs newer minor versions").default_value(true),
        ),
    ])
}

fn outputs() -> BTreeMap<String, OutputSchema> {
    named([
        ("name", output("Its id")),
        ("arn", output("Its ARN")),
        (
            "host",
            output("The address of the primary, or of all nodes of a cluster"),
        ),
        ("port", output("The port")),
        (
            "reader_host",
            output("The address that spreads readers over the replicas; null in a cluster"),
        ),
        (
            "nodes",
            output("Address and port of every node, primaries first").changes_on_update(),
        ),
    ])
}
