//! A store in memory: for tests and simulated worlds. It forgets everything when its last clone goes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use infra_model::clock::Timestamp;
use infra_model::journal::{Commit, Epoch, HistoryEntry, Intent, IntentId, OpenIntent};
use infra_model::record::{RecordEntry, RecordKey, Serial};
use infra_model::snapshot::Durations;

use crate::archive::Archive;
use crate::contract::{Lease, LeaseRequest, State, StateHeader, Store, StoreError};
use crate::rules::{self, Head};

/// A store in memory. Clones share one state, as processes share one store.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Arc<Mutex<Contents>>);

#[derive(Debug, Default)]
struct Contents {
    head: Head,
    lease: Option<Lease>,
    header: Option<StateHeader>,
    records: BTreeMap<RecordKey, RecordEntry>,
    open: BTreeMap<IntentId, OpenIntent>,
    durations: Durations,
    history: Vec<HistoryEntry>,
}

impl MemoryStore {
    /// Returns an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every change is computed first and then moved in, so a panic in between leaves the contents whole.
    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn load(&self) -> Result<Option<State>, StoreError> {
        let contents = self.contents();
        let Some(header) = &contents.header else {
            return Ok(None);
        };
        Ok(Some(State {
            header: header.clone(),
            serial: contents.head.serial,
            records: contents.records.clone(),
            open_intents: contents.open.values().cloned().collect(),
            durations: contents.durations.clone(),
            standing: contents.head.standing.clone(),
        }))
    }

    async fn initialize(&self, epoch: Epoch, header: &StateHeader) -> Result<(), StoreError> {
        let mut contents = self.contents();
        rules::begin(&contents.head, contents.header.as_ref(), epoch, header)?;
        contents.header = Some(header.clone());
        Ok(())
    }

    async fn restore(&self, epoch: Epoch, archive: &Archive) -> Result<(), StoreError> {
        let mut contents = self.contents();
        let head = rules::refill(&contents.head, contents.header.as_ref(), epoch, archive)?;
        let state = &archive.state;
        *contents = Contents {
            head,
            lease: contents.lease.take(),
            header: Some(state.header.clone()),
            records: state.records.clone(),
            open: state
                .open_intents
                .iter()
                .map(|open| (open.id, open.clone()))
                .collect(),
            durations: state.durations.clone(),
            history: archive.history.clone(),
        };
        Ok(())
    }

    async fn acquire(&self, request: &LeaseRequest) -> Result<Lease, StoreError> {
        let mut contents = self.contents();
        let lease = rules::grant(&contents.head, contents.lease.as_ref(), request)?;
        contents.head.granted(&lease);
        contents.lease = Some(lease.clone());
        Ok(lease)
    }

    async fn renew(&self, lease: &Lease, now: Timestamp) -> Result<Lease, StoreError> {
        let mut contents = self.contents();
        let lease = rules::prolong(&contents.head, contents.lease.as_ref(), lease, now)?;
        contents.lease = Some(lease.clone());
        Ok(lease)
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        let mut contents = self.contents();
        contents.lease.take_if(|held| held.epoch == lease.epoch);
        Ok(())
    }

    async fn append(&self, epoch: Epoch, intent: &Intent) -> Result<IntentId, StoreError> {
        let mut contents = self.contents();
        let (open, _) = rules::open_intent(&contents.head, contents.header.as_ref(), epoch, intent)?;
        let id = open.id;
        contents.head.last_intent = id;
        contents.open.insert(id, open);
        Ok(id)
    }

    async fn commit(&self, epoch: Epoch, commit: &Commit) -> Result<Serial, StoreError> {
        let mut contents = self.contents();
        let is_open = |id| contents.open.contains_key(&id);
        let change = rules::change(&contents.head, contents.header.as_ref(), is_open, epoch, commit)?;
        if let Some(id) = change.closed {
            contents.open.remove(&id);
        }
        for (key, entry) in change.records {
            match entry {
                Some(entry) => contents.records.insert(key, entry),
                None => contents.records.remove(&key),
            };
        }
        if let Some((resource_type, action, millis)) = &commit.duration {
            contents.durations.learn(resource_type, action, *millis);
        }
        contents.history.push(change.history);
        contents.head = change.head;
        Ok(contents.head.serial)
    }

    async fn history(&self, from: Serial) -> Result<Vec<HistoryEntry>, StoreError> {
        let contents = self.contents();
        let entries = contents.history.iter().filter(|entry| entry.serial >= from);
        Ok(entries.cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{OpenStore, SharedStore};

    #[derive(Debug, Default)]
    struct Shared(MemoryStore);

    #[async_trait]
    impl OpenStore for Shared {
        async fn open(&self) -> SharedStore {
            Arc::new(self.0.clone())
        }
    }

    crate::conformance_suite!(Shared::default());
}
