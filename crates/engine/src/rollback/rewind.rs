//! What is wanted again, from what was recorded then.

use std::collections::BTreeSet;

use infra_model::component::Lifecycle;
use infra_model::record::Record;
use infra_model::resource::Desired;
use infra_model::schema::SchemaSet;

use crate::error::EngineError;
use crate::rollback::relink::Relinking;

/// Returns what was recorded of an object then as what is wanted.
pub(super) fn rewound(relinking: &Relinking<'_>, record: &Record) -> Desired {
    let (times, address) = (relinking.times, &record.key.address);
    let declared = relinking.stack.resources.get(times.name_now(address));
    let lifecycle = Lifecycle {
        // Lifting it is a change of its own, which a rollback is not.
        protect: record.protect || times.now_of(address).is_some_and(|now| now.protect),
        ignore_changes: declared.map_or_else(BTreeSet::new, |one| one.lifecycle.ignore_changes.clone()),
        create_before_destroy: Some(record.create_before_destroy),
        depends_on: BTreeSet::new(),
    };
    let needs = record.dependencies.iter();
    Desired {
        address: address.clone(),
        inputs: relinking.inputs(record),
        after: needs
            .filter(|need| times.past.contains_key(*need))
            .cloned()
            .collect(),
        target: record.target.clone(),
        lifecycle,
    }
}

/// Refuses what the provider has no type for, or another version of its type.
pub(super) fn check(record: &Record, schemas: &SchemaSet) -> Result<(), EngineError> {
    let address = &record.key.address;
    let Some(schema) = schemas.get(address.resource_type_str()) else {
        let message = format!("The provider of this environment has no type of resource for `{address}`");
        return Err(EngineError::request(
            message,
            "The environment had another provider then: go back to a later change",
        ));
    };
    if schema.version == record.schema_version {
        return Ok(());
    }
    let message = format!(
        "`{address}` was recorded with version {} of its schema, and this engine plans with version {}",
        record.schema_version, schema.version
    );
    Err(EngineError::request(message, "Go back to a later change"))
}
