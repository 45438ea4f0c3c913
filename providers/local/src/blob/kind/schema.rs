//! What the planner must know of stores of blobs.

use std::collections::BTreeMap;

use infra_model::schema::{
    AttributeSchema, OnChange, OutputSchema, RecoveryClass, ResourceSchema, TypicalDurations,
};

use super::STORE;

/// Returns what the planner must know of the type.
#[must_use]
pub fn schema() -> ResourceSchema {
    // A store keeps its address and port, so none of these changes with an update.
    let outputs = [
        ("name", "Its name in the environment"),
        ("endpoint", "The URL at which it speaks S3"),
        ("host", "The address on which it listens"),
        ("port", "The port on which it listens"),
    ];
    ResourceSchema {
        resource_type: STORE.parse().expect("a well-formed type"),
        summary: "A server that speaks S3, with one bucket and the key that opens it".to_owned(),
        version: 1,
        recovery: RecoveryClass::Named,
        attributes: attributes(),
        outputs: outputs
            .map(|(name, summary)| (name.to_owned(), OutputSchema::new(summary)))
            .into(),
        holds_data: true,
        create_before_destroy: false,
        typical: TypicalDurations {
            create_ms: 40,
            update_ms: 20,
            delete_ms: 30,
        },
    }
}

fn attributes() -> BTreeMap<String, AttributeSchema> {
    let segment = "The segment that it joins; without one it is reached from this machine alone";
    let port = "Its port; without one 9000 in a segment, else a free one";
    let versioning = "Whether overwritten and deleted blobs are kept as versions";
    let noncurrent = "Days after which versions that are no longer current expire";
    let attributes = [
        ("bucket", "The name of its bucket", OnChange::Replace),
        ("segment", segment, OnChange::Disruptive),
        ("port", port, OnChange::Disruptive),
        ("versioning", versioning, OnChange::InPlace),
        ("expire_days", "Days after which blobs expire", OnChange::InPlace),
        ("expire_noncurrent_days", noncurrent, OnChange::InPlace),
        (
            "access_key",
            "The id of the key that opens the bucket",
            OnChange::InPlace,
        ),
        ("secret_key", "The key that opens the bucket", OnChange::InPlace),
        ("status", "`running`, or what is wrong with it", OnChange::InPlace),
    ];
    let name = "Its name in the environment, and that of its folder";
    attributes
        .into_iter()
        .map(|(name, summary, on_change)| (name.to_owned(), AttributeSchema::new(summary, on_change)))
        .chain([(
            "name".to_owned(),
            AttributeSchema::new(name, OnChange::Replace).carried(),
        )])
        .collect()
}
