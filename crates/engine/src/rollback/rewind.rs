//! The graph of an earlier time, from what was recorded then.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use infra_model::address::Address;
use infra_model::component::Lifecycle;
use infra_model::record::{ObjectId, Record, RecordEntry, RecordKey};
use infra_model::resource::{Desired, ResourceGraph};
use infra_model::schema::SchemaSet;
use infra_model::stack::Moved;

use crate::error::EngineError;
use crate::rollback::relink::Relinking;

/// Records by address; objects that a replacement set aside are not among them.
pub(super) type Records = BTreeMap<Address, Arc<Record>>;

/// What was recorded then and what is recorded now.
#[derive(Debug)]
pub(super) struct Times {
    pub(super) past: Records,
    pub(super) now: Records,
    /// The names that objects of then have now, where they are others.
    pub(super) renamed: BTreeMap<Address, Address>,
}

impl Times {
    /// Returns both times and finds what was renamed between them: an object is the same if type and identity are.
    pub(super) fn new(
        past: &BTreeMap<RecordKey, RecordEntry>,
        now: &BTreeMap<RecordKey, RecordEntry>,
    ) -> Result<Self, EngineError> {
        let (past, now) = (current(past)?, current(now)?);
        let identity = |record: &Record| -> (String, ObjectId) {
            (
                record.key.address.resource_type_str().to_owned(),
                record.id.clone(),
            )
        };
        let objects: BTreeMap<(String, ObjectId), &Address> = now
            .iter()
            .map(|(address, record)| (identity(record), address))
            .collect();
        let mut renamed = BTreeMap::new();
        for (address, record) in &past {
            let Some(name) = objects.get(&identity(record)).filter(|name| **name != address) else {
                continue;
            };
            if past.contains_key(*name) || now.contains_key(address) {
                return Err(taken(address, name, now.contains_key(address)));
            }
            renamed.insert(address.clone(), (*name).clone());
        }
        Ok(Times { past, now, renamed })
    }

    /// Returns what is recorded now of the object that had an address then, or of the one that took its place.
    pub(super) fn now_of(&self, past: &Address) -> Option<&Arc<Record>> {
        self.now.get(self.renamed.get(past).unwrap_or(past))
    }
}

/// Returns the error that an object cannot get its earlier name back, because of what is or was called so too.
fn taken(then: &Address, now: &Address, is_in_use: bool) -> EngineError {
    let give_back = format!("infra state mv ENVIRONMENT '{now}' '{then}'");
    if is_in_use {
        let message =
            format!("What was called `{then}` then is `{now}` now, and something else is called `{then}`");
        let hint = format!(
            "Name that one otherwise first: infra state mv ENVIRONMENT '{then}' NEW, and then: {give_back}"
        );
        return EngineError::request(message, hint);
    }
    let message =
        format!("What was called `{then}` then is `{now}` now, and another was called `{now}` then");
    EngineError::request(message, format!("Give it its name back first: {give_back}"))
}

fn current(records: &BTreeMap<RecordKey, RecordEntry>) -> Result<Records, EngineError> {
    let current = records.iter().filter(|(key, _)| key.deposed.is_none());
    current
        .map(|(key, entry)| {
            let record = entry.record().map_err(EngineError::defect)?;
            Ok((key.address.clone(), record.clone()))
        })
        .collect()
}

/// What is wanted again.
#[derive(Debug)]
pub(super) struct Rewound {
    pub(super) graph: ResourceGraph,
    /// What gets its earlier name back.
    pub(super) moved: Vec<Moved>,
}

/// Returns what was recorded then as what is wanted.
///
/// # Errors
///
/// When something of then is of a type, or of a version of a type, that the provider does not have.
pub(super) fn rewind(
    times: &Times,
    stack: &ResourceGraph,
    schemas: &SchemaSet,
) -> Result<Rewound, EngineError> {
    let relinking = Relinking { times, stack };
    let mut graph = ResourceGraph::default();
    for (address, record) in &times.past {
        check(record, schemas)?;
        let now = times.now_of(address);
        let declared = stack.resources.get(times.renamed.get(address).unwrap_or(address));
        let lifecycle = Lifecycle {
            // Lifting it is a change of its own, which a rollback is not.
            protect: record.protect || now.is_some_and(|now| now.protect),
            ignore_changes: declared.map_or_else(BTreeSet::new, |one| one.lifecycle.ignore_changes.clone()),
            create_before_destroy: Some(record.create_before_destroy),
            depends_on: BTreeSet::new(),
        };
        let desired = Desired {
            address: address.clone(),
            inputs: relinking.inputs(record),
            after: present(&record.dependencies, &times.past),
            target: record.target.clone(),
            lifecycle,
        };
        graph.resources.insert(address.clone(), desired);
    }
    let moved = times.renamed.iter().map(|(then, now)| Moved {
        from: now.to_string(),
        to: then.to_string(),
    });
    Ok(Rewound {
        graph,
        moved: moved.collect(),
    })
}

fn check(record: &Record, schemas: &SchemaSet) -> Result<(), EngineError> {
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

fn present(dependencies: &BTreeSet<Address>, records: &Records) -> BTreeSet<Address> {
    let present = dependencies
        .iter()
        .filter(|address| records.contains_key(*address));
    present.cloned().collect()
}

impl Rewound {
    /// Wants an object as it is now, with what it needs and the way back would delete; tells whether that was new.
    pub(super) fn keep(
        &mut self,
        address: &Address,
        now: &BTreeMap<RecordKey, RecordEntry>,
    ) -> Result<bool, EngineError> {
        let now = current(now)?;
        let names: BTreeMap<&str, &str> = self
            .moved
            .iter()
            .map(|moved| (moved.to.as_str(), moved.from.as_str()))
            .collect();
        let recorded = |address: &Address| {
            let name = names.get(address.as_str()).copied().unwrap_or(address.as_str());
            now.iter()
                .find(|(key, _)| key.as_str() == name)
                .map(|(_, record)| record)
        };
        let mut open = vec![address.clone()];
        let mut news = false;
        while let Some(next) = open.pop() {
            let is_asked = next == *address;
            let Some(record) = recorded(&next) else { continue };
            if !is_asked && self.graph.resources.contains_key(&next) {
                continue;
            }
            let kept = as_it_is(&next, record);
            news |= self.graph.resources.get(&next) != Some(&kept);
            self.graph.resources.insert(next, kept);
            open.extend(record.dependencies.iter().cloned());
        }
        Ok(news)
    }
}

fn as_it_is(address: &Address, record: &Record) -> Desired {
    Desired {
        address: address.clone(),
        inputs: record.inputs.clone(),
        after: record.dependencies.clone(),
        target: record.target.clone(),
        lifecycle: Lifecycle {
            protect: record.protect,
            create_before_destroy: Some(record.create_before_destroy),
            ..Lifecycle::default()
        },
    }
}
