//! The records of one run: read once under the lease, written through to the store, and mirrored in memory.
//!
//! Everything that changes the state in this crate goes through here, so that no step works with a record that
//! another step of the same run has changed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use infra_model::address::Address;
use infra_model::clock::Clock;
use infra_model::journal::{Commit, Epoch, Intent, IntentId, Operation, Outcome, RecordChange};
use infra_model::record::{ObjectId, Record, RecordEntry, RecordError, RecordKey, Serial};
use infra_model::value::Value;
use infra_state::contract::{Store, StoreError};

/// The records of one run.
#[derive(Debug)]
pub(crate) struct Ledger<'a> {
    store: &'a dyn Store,
    clock: &'a dyn Clock,
    epoch: Epoch,
    operation: Operation,
    records: Mutex<BTreeMap<RecordKey, RecordEntry>>,
}

/// What is written together.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    /// The intent that this closes and how.
    pub(crate) closes: Option<(IntentId, Outcome)>,
    /// Records that change.
    pub(crate) changes: Vec<RecordChange>,
    /// Type of resource, action and milliseconds.
    pub(crate) duration: Option<(String, String, u64)>,
}

impl<'a> Ledger<'a> {
    pub(crate) fn new(
        store: &'a dyn Store,
        clock: &'a dyn Clock,
        epoch: Epoch,
        operation: Operation,
        records: BTreeMap<RecordKey, RecordEntry>,
    ) -> Self {
        Ledger {
            store,
            clock,
            epoch,
            operation,
            records: Mutex::new(records),
        }
    }

    pub(crate) fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Appends an intent; the provider may be called once this returns.
    pub(crate) async fn append(&self, intent: &Intent) -> Result<IntentId, StoreError> {
        self.store.append(self.epoch, intent).await
    }

    /// Writes an entry and mirrors it once it is durable.
    pub(crate) async fn commit(&self, entry: Entry) -> Result<Serial, StoreError> {
        let commit = Commit {
            closes: entry.closes,
            changes: entry.changes,
            duration: entry.duration,
            operation: self.operation.clone(),
            at: self.clock.now(),
            relocation: None,
        };
        let serial = self.store.commit(self.epoch, &commit).await?;
        let mut records = self.records();
        for change in commit.changes {
            match change {
                RecordChange::Remove(key) => records.remove(&key),
                RecordChange::Put(record) => {
                    let key = record.key.clone();
                    let entry = RecordEntry::of(*record, serial).map_err(|error| StoreError::Unwritable {
                        what: format!("`{key}`: {error}"),
                    })?;
                    records.insert(key, entry)
                }
            };
        }
        Ok(serial)
    }

    /// Returns the serial of a record.
    pub(crate) fn serial(&self, key: &RecordKey) -> Option<Serial> {
        self.records().get(key).map(|entry| entry.serial)
    }

    /// Returns a record.
    pub(crate) fn record(&self, key: &RecordKey) -> Result<Option<Arc<Record>>, RecordError> {
        self.records()
            .get(key)
            .map(|entry| entry.record().cloned())
            .transpose()
    }

    /// Returns an output of the current object of an address, sealed if it is secret.
    pub(crate) fn output(&self, address: &Address, output: &str) -> Option<Value> {
        let record = self.record(&RecordKey::current(address.clone())).ok()??;
        record.outputs.get(output).cloned()
    }

    /// Returns the keys of all records for which `test` holds.
    pub(crate) fn keys(&self, test: impl Fn(&RecordKey) -> bool) -> Vec<RecordKey> {
        self.records().keys().filter(|key| test(key)).cloned().collect()
    }

    /// Returns the keys of all records that were written after a serial.
    pub(crate) fn newer_than(&self, serial: Serial) -> Vec<RecordKey> {
        let records = self.records();
        let newer = records.iter().filter(|(_, entry)| entry.serial > serial);
        newer.map(|(key, _)| key.clone()).collect()
    }

    /// Returns the record that has this object of a type, looking past one key.
    ///
    /// Reads every record of the type: only called when nobody knows what a create did.
    pub(crate) fn keeper(
        &self,
        resource_type: &str,
        id: &ObjectId,
        but: Option<&RecordKey>,
    ) -> Option<RecordKey> {
        let records = self.records();
        let mut others = records
            .iter()
            .filter(|(key, _)| key.address.resource_type_str() == resource_type && Some(*key) != but);
        others
            .find(|(_, entry)| entry.record().is_ok_and(|record| record.id == *id))
            .map(|(key, _)| key.clone())
    }

    fn records(&self) -> MutexGuard<'_, BTreeMap<RecordKey, RecordEntry>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
