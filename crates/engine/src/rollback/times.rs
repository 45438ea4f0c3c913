//! What was recorded then and what is recorded now, and which of it is the same object.

use std::collections::BTreeMap;
use std::sync::Arc;

use infra_model::address::Address;
use infra_model::record::{ObjectId, Record, RecordEntry, RecordKey};

use crate::error::EngineError;

/// Records by address; objects that a replacement set aside are not among them.
pub(super) type Records = BTreeMap<Address, Arc<Record>>;

/// What tells whether an object is the same: its type and its identity.
pub(super) type Identity = (String, ObjectId);

/// What was recorded then and what is recorded now.
#[derive(Debug)]
pub(super) struct Times {
    pub(super) past: Records,
    pub(super) now: Records,
    /// The names that objects of then have now, where they are others.
    pub(super) renamed: BTreeMap<Address, Address>,
    /// The same the other way round.
    earlier: BTreeMap<Address, Address>,
}

impl Times {
    /// Returns both times and finds what was renamed between them: an object is the same if type and identity are.
    pub(super) fn new(
        past: &BTreeMap<RecordKey, RecordEntry>,
        now: &BTreeMap<RecordKey, RecordEntry>,
    ) -> Result<Self, EngineError> {
        let (past, now) = (current(past)?, current(now)?);
        let objects: BTreeMap<Identity, &Address> = now
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
        let back = renamed.iter();
        let earlier = back.map(|(then, now)| (now.clone(), then.clone())).collect();
        Ok(Times {
            past,
            now,
            renamed,
            earlier,
        })
    }

    /// Returns what is recorded now of the object that had an address then, or of the one that took its place.
    pub(super) fn now_of(&self, past: &Address) -> Option<&Arc<Record>> {
        self.now.get(self.name_now(past))
    }

    /// Returns the name that the object with a name of then has now.
    pub(super) fn name_now<'a>(&'a self, past: &'a Address) -> &'a Address {
        self.renamed.get(past).unwrap_or(past)
    }

    /// Returns the name that the object with a name of now had then, or gets if it was made since.
    pub(super) fn name_then<'a>(&'a self, now: &'a Address) -> &'a Address {
        self.earlier.get(now).unwrap_or(now)
    }
}

/// Returns what tells whether the object of a record is the same as another.
pub(super) fn identity(record: &Record) -> Identity {
    let resource_type = record.key.address.resource_type_str();
    (resource_type.to_owned(), record.id.clone())
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
