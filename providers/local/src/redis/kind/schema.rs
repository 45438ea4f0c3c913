//! What the planner must know of servers, replicas and clusters.

use std::collections::BTreeMap;

use infra_model::schema::{
    AttributeSchema, OnChange, OutputSchema, RecoveryClass, ResourceSchema, TypicalDurations,
};

use super::certified::CERTIFICATE;
use super::cluster::CLUSTER;
use super::inputs::SECRET;
use super::server::{REPLICA, SERVER};
use crate::postgres::kind::{attribute, carried, named, output};

/// Returns what the planner must know of servers.
#[must_use]
pub fn server() -> ResourceSchema {
    let port = "Its port; without one 6379 in a segment, else a free one";
    let mut attributes = shared(OnChange::Disruptive);
    attributes.insert("port".to_owned(), attribute(port, OnChange::Disruptive));
    ResourceSchema {
        resource_type: SERVER.parse().expect("a well-formed type"),
        summary: "A Redis server with its data".to_owned(),
        version: 1,
        recovery: RecoveryClass::Named,
        attributes,
        outputs: outputs(&OF_SERVER),
        holds_data: true,
        create_before_destroy: false,
        typical: TypicalDurations {
            create_ms: 60,
            update_ms: 40,
            delete_ms: 40,
        },
    }
}

/// Returns what the planner must know of replicas.
#[must_use]
pub fn replica() -> ResourceSchema {
    let primary_port = "The port that the stack fixes for its primary, so that it follows when that moves";
    let status = "`running`, or what is wrong with it or with its way of following the primary";
    let mut attributes = shared(OnChange::Disruptive);
    attributes.extend(named([
        (
            "primary",
            attribute("The server that it follows", OnChange::InPlace),
        ),
        ("primary_port", attribute(primary_port, OnChange::InPlace)),
        ("status", attribute(status, OnChange::InPlace)),
    ]));
    ResourceSchema {
        resource_type: REPLICA.parse().expect("a well-formed type"),
        summary: "A Redis server that follows another one and takes reads".to_owned(),
        version: 1,
        recovery: RecoveryClass::Named,
        attributes,
        outputs: outputs(&OF_SERVER),
        holds_data: false,
        create_before_destroy: false,
        typical: TypicalDurations {
            create_ms: 150,
            update_ms: 1000,
            delete_ms: 40,
        },
    }
}

/// Returns what the planner must know of clusters.
#[must_use]
pub fn cluster() -> ResourceSchema {
    let shards = "How many shards it has; slots move with their keys";
    let replicas = "How many replicas each shard has";
    let mut attributes = shared(OnChange::Replace);
    attributes.extend(named([
        ("shards", attribute(shards, OnChange::InPlace)),
        ("replicas", attribute(replicas, OnChange::InPlace)),
    ]));
    let nodes = OutputSchema {
        changes_on_update: true,
        ..output("Address and port of each node, primaries first")
    };
    let mut outputs = outputs(&OF_CLUSTER);
    outputs.insert("nodes".to_owned(), nodes);
    ResourceSchema {
        resource_type: CLUSTER.parse().expect("a well-formed type"),
        summary: "A Redis cluster with its data: shards, and replicas of each".to_owned(),
        version: 1,
        recovery: RecoveryClass::Named,
        attributes,
        outputs,
        holds_data: true,
        create_before_destroy: false,
        typical: TypicalDurations {
            create_ms: 2500,
            update_ms: 5000,
            delete_ms: 100,
        },
    }
}

/// Returns the attributes that all have alike, but for what a change of how it is reached does.
fn shared(reached: OnChange) -> BTreeMap<String, AttributeSchema> {
    let password = AttributeSchema {
        observed: false,
        ..attribute(
            "Its clients' password; a digest of it is all that is written down",
            OnChange::InPlace,
        )
    };
    let segment = "The segment that it joins; without one it is reached from this machine alone";
    let memory = "Memory in MiB of each server at which keys are evicted";
    let persistence = "What survives the end of a server: `none`, `snapshot` or `append_only`";
    let login = "`password`, or that its users were changed by somebody else";
    named([
        (
            "name",
            carried("Its name in the environment, and that of its folder"),
        ),
        ("segment", attribute(segment, reached)),
        ("tls", attribute("Whether it is reached over TLS alone", reached)),
        ("certificate", attribute(CERTIFICATE, OnChange::InPlace)),
        (SECRET, password),
        ("memory_mb", attribute(memory, OnChange::InPlace)),
        ("eviction", attribute("What is evicted then", OnChange::InPlace)),
        ("persistence", attribute(persistence, OnChange::InPlace)),
        ("login", attribute(login, OnChange::InPlace)),
        (
            "status",
            attribute("`running`, or what is wrong with it", OnChange::InPlace),
        ),
    ])
}

const OF_SERVER: [(&str, &str); 3] = [
    ("host", "The address on which it listens"),
    ("port", "The port on which it listens"),
    ("socket", "Its unix socket, encoded for a URL"),
];
const OF_CLUSTER: [(&str, &str); 2] = [
    ("host", "The address of its first node"),
    ("port", "The port of its first node"),
];
const OF_ALL: [(&str, &str); 1] = [("name", "Its name in the environment")];
const OF_TLS: [(&str, &str); 2] = [
    (
        "ca_certificate",
        "The certificate by which clients verify it, in PEM; null without TLS",
    ),
    ("ca_file", "The file of that certificate; null without TLS"),
];

/// A server keeps its address and port, also when it is started again. What clients verify it by changes where TLS is
/// switched, and where a renewed certificate needs a new authority.
fn outputs(own: &[(&str, &str)]) -> BTreeMap<String, OutputSchema> {
    let stays = own.iter().chain(&OF_ALL);
    let stays = stays.map(|(name, summary)| ((*name).to_owned(), output(summary)));
    let changes = OF_TLS.iter();
    let changes = changes.map(|(name, summary)| ((*name).to_owned(), output(summary).changes_on_update()));
    stays.chain(changes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_may_change_what_clients_verify_by() {
        for schema in [server(), replica(), cluster()] {
            for output in ["ca_certificate", "ca_file"] {
                assert!(schema.outputs[output].changes_on_update, "{output}");
            }
            assert!(!schema.outputs["port"].changes_on_update);
        }
    }
}
