//! What the planner must know of servers and replicas.

use std::collections::BTreeMap;

use infra_model::schema::{
    AttributeSchema, OnChange, OutputSchema, RecoveryClass, ResourceSchema, TypicalDurations,
};

use super::{REPLICA, SERVER};
use crate::postgres::kind::{attribute, carried, named, output};
use crate::redis::kind::certified::{CA_CERTIFICATE, CA_FILE, CERTIFICATE};
use crate::redis::kind::inputs::SECRET;

/// Returns what the planner must know of servers.
#[must_use]
pub fn server() -> ResourceSchema {
    let port = "Its port; without one 6379 in a segment, else a free one";
    let mut attributes = shared();
    attributes.insert("port".to_owned(), attribute(port, OnChange::Disruptive));
    ResourceSchema {
        resource_type: SERVER.parse().expect("a well-formed type"),
        summary: "A Redis server with its data".to_owned(),
        version: 1,
        recovery: RecoveryClass::Named,
        attributes,
        outputs: outputs(),
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
    let mut attributes = shared();
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
        outputs: outputs(),
        holds_data: false,
        create_before_destroy: false,
        typical: TypicalDurations {
            create_ms: 150,
            update_ms: 1000,
            delete_ms: 40,
        },
    }
}

/// Returns what servers and replicas have alike.
fn shared() -> BTreeMap<String, AttributeSchema> {
    let segment = "The segment that it joins; without one it is reached from this machine alone";
    let password = AttributeSchema {
        observed: false,
        ..attribute(
            "Its clients' password; a digest of it is all that is written down",
            OnChange::InPlace,
        )
    };
    let persistence = "What survives its end: `none`, `snapshot` or `append_only`";
    let login = "`password`, or that its users were changed by somebody else";
    named([
        (
            "name",
            carried("Its name in the environment, and that of its folder"),
        ),
        ("segment", attribute(segment, OnChange::Disruptive)),
        (SECRET, password),
        (
            "memory_mb",
            attribute("Memory in MiB at which keys are evicted", OnChange::InPlace),
        ),
        ("eviction", attribute("What is evicted then", OnChange::InPlace)),
        (
            "tls",
            attribute("Whether it is reached over TLS alone", OnChange::Disruptive),
        ),
        ("certificate", attribute(CERTIFICATE, OnChange::InPlace)),
        ("persistence", attribute(persistence, OnChange::InPlace)),
        ("login", attribute(login, OnChange::InPlace)),
        (
            "status",
            attribute("`running`, or what is wrong with it", OnChange::InPlace),
        ),
    ])
}

/// They do not change on update: a server keeps its address and port, also when it is started again.
fn outputs() -> BTreeMap<String, OutputSchema> {
    [
        ("name", "Its name in the environment"),
        ("host", "The address on which it listens"),
        ("port", "The port on which it listens"),
        ("socket", "Its unix socket, encoded for a URL"),
        ("ca_certificate", CA_CERTIFICATE),
        ("ca_file", CA_FILE),
    ]
    .map(|(name, summary)| (name.to_owned(), output(summary)))
    .into()
}
