//! The view: what the log says up to some segment, folded into a state, its counters and its lease.

use std::collections::BTreeMap;

use infra_model::digest::Digest;
use infra_model::journal::{Epoch, IntentId, OpenIntent};
use infra_model::record::{RecordEntry, RecordKey};
use infra_model::snapshot::Durations;

use crate::archive::Archive;
use crate::contract::{Lease, State, StateHeader, StoreError};
use crate::history;
use crate::rules::{self, Head};
use crate::stores::object::segment::{Committed, Entry, Restored, Segment};

/// What the log says up to a segment.
#[derive(Clone, Debug, Default)]
pub(super) struct View {
    /// The number of that segment; zero before the first.
    pub(super) number: u64,
    /// The counters.
    pub(super) head: Head,
    /// The lease, until it is given back.
    pub(super) lease: Option<Lease>,
    /// What the state began with.
    pub(super) header: Option<StateHeader>,
    /// The records.
    pub(super) records: BTreeMap<RecordKey, RecordEntry>,
    /// Intents without an outcome.
    pub(super) open: BTreeMap<IntentId, OpenIntent>,
    /// Learned durations.
    pub(super) durations: Durations,
    /// The opening of the store that writes.
    pub(super) writer: String,
    /// The archive that the state was restored from.
    pub(super) restored: Option<Restored>,
    /// The number of the segment that restored it; zero when none did. The history before is another one's.
    pub(super) restored_at: u64,
}

/// A segment cannot follow those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Misfit(&'static str);

impl View {
    /// Takes the next segment in. After a misfit the view is worthless.
    pub(super) fn advance(&mut self, segment: Segment) -> Result<(), Misfit> {
        self.number += 1;
        if segment.is_fence() {
            self.writer = segment.writer;
        } else {
            ensure(segment.writer == self.writer, "is by another writer")?;
        }
        for entry in segment.entries {
            self.take_in(segment.epoch, entry)?;
        }
        Ok(())
    }

    fn take_in(&mut self, epoch: Epoch, entry: Entry) -> Result<(), Misfit> {
        if let Entry::Taken(lease) = entry {
            return self.change_hands(lease);
        }
        ensure(epoch == self.head.epoch, "carries another epoch")?;
        match entry {
            Entry::Taken(_) | Entry::Resumed => {}
            Entry::Renewed(lease) => self.lease = Some(lease),
            Entry::Released => self.lease = None,
            Entry::Begun(header) => {
                ensure(self.header.is_none(), "begins the state again")?;
                self.header = Some(header);
            }
            Entry::Restored(restored) => {
                self.restored = Some(restored);
                self.restored_at = self.number;
            }
            Entry::Intent(open) => {
                ensure(open.id.0 == self.head.last_intent.0 + 1, "skips an intent")?;
                self.head.last_intent = open.id;
                self.open.insert(open.id, *open);
            }
            Entry::Committed(committed) => self.change(*committed)?,
        }
        Ok(())
    }

    fn change_hands(&mut self, lease: Lease) -> Result<(), Misfit> {
        ensure(lease.epoch.0 == self.head.epoch.0 + 1, "skips an epoch")?;
        self.head.granted(&lease);
        self.lease = Some(lease);
        Ok(())
    }

    fn change(&mut self, committed: Committed) -> Result<(), Misfit> {
        let Committed {
            history,
            closes,
            duration,
        } = committed;
        let chained = history.previous == self.head.chain;
        ensure(
            chained && history.serial.0 == self.head.serial.0 + 1,
            "does not follow the history before it",
        )?;
        if let Some(id) = closes {
            ensure(
                self.open.remove(&id).is_some(),
                "closes an intent that is not open",
            )?;
        }
        let bytes = history::bytes(&history).map_err(|_| Misfit("has a secret in clear"))?;
        self.head.chain = Digest::of(&bytes);
        self.head.serial = history.serial;
        if let Some(relocation) = &history.relocation {
            self.head.standing = rules::relocated(&self.head.standing, relocation)
                .map_err(|_| Misfit("moves the state again"))?;
        }
        for change in history.changes {
            match change.after {
                None => self.records.remove(&change.key),
                Some(record) => {
                    let entry = RecordEntry::of(*record, history.serial)
                        .map_err(|_| Misfit("has a secret in clear"))?;
                    self.records.insert(change.key, unparsed(&entry))
                }
            };
        }
        if let Some((resource_type, action, millis)) = duration {
            self.durations.learn(&resource_type, &action, millis);
        }
        Ok(())
    }

    /// Fills the view with the archive that its last segment restores.
    pub(super) fn refill(&mut self, archive: Archive) -> Result<(), StoreError> {
        self.head = rules::refill(&self.head, self.header.as_ref(), self.head.epoch, &archive)?;
        let state = archive.state;
        self.header = Some(state.header);
        self.records = state.records;
        self.open = state
            .open_intents
            .into_iter()
            .map(|open| (open.id, open))
            .collect();
        self.durations = state.durations;
        Ok(())
    }

    /// Returns the state, if one was begun.
    pub(super) fn state(&self) -> Result<Option<State>, StoreError> {
        let Some(header) = &self.header else {
            return Ok(None);
        };
        rules::readable(header)?;
        Ok(Some(State {
            header: header.clone(),
            serial: self.head.serial,
            records: self.records.clone(),
            open_intents: self.open.values().cloned().collect(),
            durations: self.durations.clone(),
            standing: self.head.standing.clone(),
        }))
    }
}

/// A view may hold a hundred thousand records: only what somebody asks for is kept parsed.
fn unparsed(entry: &RecordEntry) -> RecordEntry {
    RecordEntry::from_parts(entry.header(), entry.bytes().clone())
}

fn ensure(holds: bool, otherwise: &'static str) -> Result<(), Misfit> {
    match holds {
        true => Ok(()),
        false => Err(Misfit(otherwise)),
    }
}
