//! Segments: what one write adds to the log.

use bytes::Bytes;
use infra_model::digest::Digest;
use infra_model::journal::{Epoch, HistoryEntry, IntentId, OpenIntent};
use infra_model::record::Serial;
use serde::{Deserialize, Serialize};

use crate::contract::{Lease, Standing, StateHeader};
use crate::stores::object::failure::Failure;
use crate::stores::object::frame::{frame, unframe};
use crate::stores::object::names;

/// An object of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Segment {
    /// The epoch that wrote it.
    pub(super) epoch: Epoch,
    /// Which opening of the store wrote it: no two write the same bytes.
    pub(super) writer: String,
    /// What it adds, in order.
    pub(super) entries: Vec<Entry>,
}

/// What a segment adds to the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Entry {
    /// Somebody takes the lease.
    Taken(Lease),
    /// Another opening of the store goes on under the same lease.
    Resumed,
    /// The holder prolongs the lease.
    Renewed(Lease),
    /// The holder gives the lease back.
    Released,
    /// The state begins.
    Begun(StateHeader),
    /// The state begins with what an archive holds.
    Restored(Restored),
    /// Something is about to be done.
    Intent(Box<OpenIntent>),
    /// The state changes.
    Committed(Box<Committed>),
}

/// A change of the state. The records are in its history entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Committed {
    /// What changed, on whose behalf.
    pub(super) history: HistoryEntry,
    /// The intent that it closes.
    pub(super) closes: Option<IntentId>,
    /// The duration that it measures: type of resource, action, milliseconds.
    pub(super) duration: Option<(String, String, u64)>,
}

/// The archive that a state was restored from: too large for a segment, so it lies in objects of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Restored {
    /// The digest of the archive.
    pub(super) archive: Digest,
    /// In how many parts it lies.
    pub(super) parts: usize,
    /// The serial that it leads to.
    pub(super) serial: Serial,
    /// Whether the state that it leads to is in force: an archive does not say.
    #[serde(default, skip_serializing_if = "Standing::is_in_force")]
    pub(super) standing: Standing,
}

impl Segment {
    /// Returns the object that keeps the segment.
    pub(super) fn encode(&self, number: u64) -> Result<Bytes, Failure> {
        // Whatever holds a secret in clear was refused before; this is the last gate.
        let payload = serde_json::to_vec(self).map_err(|error| Failure::Unwritable {
            what: error.to_string(),
        })?;
        Ok(frame(&names::segment(number), &payload))
    }

    /// Reads the object.
    pub(super) fn decode(number: u64, object: &Bytes) -> Result<Self, Failure> {
        let name = names::segment(number);
        let payload = unframe(&name, object)?;
        serde_json::from_slice(&payload)
            .map_err(|error| Failure::damaged(&name, &format!("cannot be read ({error})")))
    }

    /// Tells whether another writer begins with it. Such an object is never deleted: the writer before meets it, whenever
    /// it writes again.
    pub(super) fn is_fence(&self) -> bool {
        let begins = |entry: &Entry| matches!(entry, Entry::Taken(_) | Entry::Resumed);
        self.entries.iter().any(begins)
    }

    /// Returns the archive that it restores, if it does.
    pub(super) fn restored(&self) -> Option<&Restored> {
        self.entries.iter().find_map(|entry| match entry {
            Entry::Restored(restored) => Some(restored),
            _ => None,
        })
    }

    /// Returns its history entries.
    pub(super) fn into_history(self) -> impl Iterator<Item = HistoryEntry> {
        self.entries.into_iter().filter_map(|entry| match entry {
            Entry::Committed(committed) => Some(committed.history),
            _ => None,
        })
    }
}
