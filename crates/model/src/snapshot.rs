//! Snapshots: what the state recorded and what the providers saw, as the planner takes them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::journal::Token;
use crate::record::{ObjectId, RecordEntry, RecordKey, Serial};
use crate::value::Attributes;

/// The identity of a state from its first write on; states of different lineages never mix.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lineage(pub String);

impl fmt::Display for Lineage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The recorded state and the observations of one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The identity of the state.
    pub lineage: Lineage,
    /// The serial of the state.
    pub serial: Serial,
    /// What the state recorded.
    pub records: BTreeMap<RecordKey, RecordEntry>,
    /// What the providers saw; a key that is absent was not looked at.
    pub observations: BTreeMap<RecordKey, Observation>,
    /// Durations of past steps, by type and action.
    pub durations: Durations,
}

/// What a provider says of one object.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    /// It exists.
    Present(Observed),
    /// It does not exist.
    Absent,
}

/// An object as it exists now.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// Its identity at the provider.
    pub id: ObjectId,
    /// The attributes that the provider can see, named as the type's inputs.
    pub attributes: Attributes,
    /// Its outputs, as a create would return them; secret ones only if they can be read back.
    pub outputs: Attributes,
    /// Whether its creation was finished.
    pub condition: Condition,
    /// Whose it is.
    pub owner: Owner,
}

/// Whether an object's creation was finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// It is whole.
    Complete,
    /// Its creation stopped half-way.
    HalfMade,
}

/// Whose an object is, by its ownership tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// This environment's.
    Ours {
        /// Its address.
        address: Address,
        /// The token of the call that made it.
        token: Token,
    },
    /// Another environment's or stack's, named as its tag says.
    Other(String),
    /// It has no tag, or its type cannot carry one.
    Untagged,
}

/// Mean durations of past steps in milliseconds, by type of resource and action.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Durations(pub BTreeMap<String, u64>);

impl Durations {
    /// Returns the learned duration of an action on a type.
    #[must_use]
    pub fn get(&self, resource_type: &str, action: &str) -> Option<u64> {
        self.0.get(&format!("{resource_type} {action}")).copied()
    }

    /// Takes a new measure in: the newest weighs a third, so that a change of habits is learned in a few runs.
    pub fn learn(&mut self, resource_type: &str, action: &str, duration_ms: u64) {
        self.0
            .entry(format!("{resource_type} {action}"))
            .and_modify(|mean| *mean = (*mean * 2 + duration_ms) / 3)
            .or_insert(duration_ms);
    }
}

/// A snapshot contradicts itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotFault {
    /// A record is kept under the name of another.
    #[error("The record of `{key}` calls itself `{inner}`")]
    WrongKey {
        /// The name it is kept under.
        key: RecordKey,
        /// The name inside.
        inner: RecordKey,
    },
    /// Two records of one type name the same object.
    #[error("`{first}` and `{second}` are both the object `{id}`")]
    SameObject {
        /// One record.
        first: RecordKey,
        /// The other.
        second: RecordKey,
        /// The object.
        id: ObjectId,
    },
    /// A record is newer than the state that holds it.
    #[error("The record of `{key}` has serial {record}, the state is at {state}")]
    Future {
        /// The record.
        key: RecordKey,
        /// Its serial.
        record: Serial,
        /// The state's serial.
        state: Serial,
    },
    /// A record cannot be read.
    #[error("The record of `{key}` cannot be read: {message}")]
    Unreadable {
        /// The record.
        key: RecordKey,
        /// Why.
        message: String,
    },
}

impl Snapshot {
    /// Returns every way in which the snapshot contradicts itself; parses all records.
    #[must_use]
    pub fn check(&self) -> Vec<SnapshotFault> {
        let mut faults = Vec::new();
        let mut objects: BTreeMap<(String, ObjectId), &RecordKey> = BTreeMap::new();
        for (key, entry) in &self.records {
            if entry.serial > self.serial {
                faults.push(SnapshotFault::Future {
                    key: key.clone(),
                    record: entry.serial,
                    state: self.serial,
                });
            }
            let record = match entry.record() {
                Ok(record) => record,
                Err(error) => {
                    faults.push(SnapshotFault::Unreadable {
                        key: key.clone(),
                        message: error.to_string(),
                    });
                    continue;
                }
            };
            if record.key != *key {
                faults.push(SnapshotFault::WrongKey {
                    key: key.clone(),
                    inner: record.key.clone(),
                });
            }
            let object = (key.address.resource_type_str().to_owned(), record.id.clone());
            if let Some(first) = objects.insert(object, key) {
                let (first, second) = (first.clone(), key.clone());
                faults.push(SnapshotFault::SameObject {
                    first,
                    second,
                    id: record.id.clone(),
                });
            }
        }
        faults
    }

    /// Returns the addresses that have a current record.
    pub fn current(&self) -> BTreeSet<&Address> {
        self.records
            .keys()
            .filter(|key| key.deposed.is_none())
            .map(|key| &key.address)
            .collect()
    }
}
