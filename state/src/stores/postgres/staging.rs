//! A transaction in the making: what was found under the lock, and the rows that it will write.

use std::collections::{BTreeMap, BTreeSet};

use infra_model::clock::Timestamp;
use infra_model::digest::Digest;
use infra_model::journal::IntentId;
use infra_model::record::Serial;
use infra_model::snapshot::Durations;

use crate::contract::{Lease, StateHeader};
use crate::stores::postgres::LeaseClock;
use crate::stores::postgres::layout::{RecordRow, StateRow, Tally, duration_checksum, intent_checksum};

/// Rows that a write must know: what they hold leaves the tally when it is replaced.
#[derive(Debug, Default)]
pub(super) struct Needs {
    pub(super) records: BTreeSet<String>,
    pub(super) intents: BTreeSet<IntentId>,
    pub(super) durations: BTreeSet<String>,
}

/// The checksums of rows that are there, as far as they were asked for.
#[derive(Debug, Default)]
pub(super) struct There {
    pub(super) records: BTreeMap<String, i64>,
    pub(super) intents: BTreeMap<IntentId, i64>,
    pub(super) durations: BTreeMap<String, (u64, i64)>,
}

/// Rows that will be written or, without a value, deleted.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Whether all rows that are there go first.
    pub(super) cleared: bool,
    pub(super) records: BTreeMap<String, Option<(RecordRow, i64)>>,
    pub(super) intents: BTreeMap<IntentId, Option<(String, i64)>>,
    pub(super) durations: BTreeMap<String, (u64, i64)>,
    pub(super) history: Vec<(Serial, Digest, String)>,
}

/// A transaction in the making.
#[derive(Debug)]
pub(super) struct Staging {
    /// The number of the state.
    pub(super) state: i64,
    /// The state's row as it will be.
    pub(super) row: StateRow,
    /// The lease as it will be, in the time that the clock tells; none when nobody holds it.
    pub(super) lease: Option<Lease>,
    /// The rows that will be written.
    pub(super) rows: Rows,
    /// Whether anything will be written at all.
    pub(super) changed: bool,
    there: There,
    clock: LeaseClock,
    server_now: Timestamp,
}

/// What was found under the lock.
#[derive(Debug)]
pub(super) struct View {
    pub(super) state: i64,
    pub(super) row: StateRow,
    pub(super) lease: Option<Lease>,
    pub(super) there: There,
    pub(super) server_now: Timestamp,
}

impl Staging {
    pub(super) fn new(view: View, clock: LeaseClock) -> Self {
        Staging {
            state: view.state,
            row: view.row,
            lease: view.lease,
            rows: Rows::default(),
            changed: false,
            there: view.there,
            clock,
            server_now: view.server_now,
        }
    }

    /// Returns the header, if the state was begun.
    pub(super) fn header(&self) -> Option<&StateHeader> {
        self.row.header.as_ref().map(|(_, header)| header)
    }

    /// Returns the time by which leases are judged, for a caller to whom it is `now`.
    pub(super) fn time(&self, now: Timestamp) -> Timestamp {
        match self.clock {
            LeaseClock::Server => self.server_now,
            LeaseClock::Caller => now,
        }
    }

    /// Tells whether an intent has no outcome yet.
    pub(super) fn is_open(&self, id: IntentId) -> bool {
        self.there.intents.contains_key(&id)
    }

    /// Makes room: everything that is there goes.
    pub(super) fn clear(&mut self) {
        self.changed = true;
        self.rows.cleared = true;
        self.row.tally = Tally::default();
        self.there = There::default();
    }

    /// Writes a record.
    pub(super) fn put_record(&mut self, key: &str, row: RecordRow) {
        self.drop_record(key);
        let checksum = row.checksum(self.state, key);
        self.row.tally.add(checksum);
        self.there.records.insert(key.to_owned(), checksum);
        self.rows.records.insert(key.to_owned(), Some((row, checksum)));
    }

    /// Deletes a record, if there is one.
    pub(super) fn drop_record(&mut self, key: &str) {
        self.changed = true;
        if let Some(checksum) = self.there.records.remove(key) {
            self.row.tally.remove(checksum);
            self.rows.records.insert(key.to_owned(), None);
        }
    }

    /// Opens an intent.
    pub(super) fn open_intent(&mut self, id: IntentId, body: String) {
        self.changed = true;
        let checksum = intent_checksum(self.state, id, &body);
        self.row.tally.add(checksum);
        self.there.intents.insert(id, checksum);
        self.rows.intents.insert(id, Some((body, checksum)));
    }

    /// Closes an intent.
    pub(super) fn close_intent(&mut self, id: IntentId) {
        self.changed = true;
        if let Some(checksum) = self.there.intents.remove(&id) {
            self.row.tally.remove(checksum);
            self.rows.intents.insert(id, None);
        }
    }

    /// Takes a measured duration in.
    pub(super) fn learn(&mut self, resource_type: &str, action: &str, millis: u64) {
        let name = format!("{resource_type} {action}");
        let mut durations = Durations::default();
        if let Some((mean, _)) = self.there.durations.get(&name) {
            durations.0.insert(name.clone(), *mean);
        }
        durations.learn(resource_type, action, millis);
        let mean = durations.0.get(&name).copied().unwrap_or(millis);
        self.put_duration(&name, mean);
    }

    /// Writes a duration.
    pub(super) fn put_duration(&mut self, name: &str, millis: u64) {
        self.changed = true;
        if let Some((_, checksum)) = self.there.durations.get(name) {
            self.row.tally.remove(*checksum);
        }
        let checksum = duration_checksum(self.state, name, millis);
        self.row.tally.add(checksum);
        self.there.durations.insert(name.to_owned(), (millis, checksum));
        self.rows.durations.insert(name.to_owned(), (millis, checksum));
    }

    /// Appends an entry to the history.
    pub(super) fn append_history(&mut self, serial: Serial, digest: Digest, body: String) {
        self.changed = true;
        self.rows.history.push((serial, digest, body));
    }
}
