//! The chain of the history: each entry holds the digest of the one before, so that nothing can be taken out or
//! altered in the middle without a trace.

use std::collections::BTreeMap;

use infra_model::digest::Digest;
use infra_model::journal::HistoryEntry;
use infra_model::record::{Record, RecordEntry, RecordError, RecordKey, Serial};

use crate::contract::StoreError;

/// Returns what the first entry calls its predecessor: the digest of nothing.
#[must_use]
pub fn start() -> Digest {
    Digest::of(b"")
}

/// Returns the canonical bytes of an entry, which are what stores keep and digests cover.
///
/// # Errors
///
/// When the entry holds a secret in clear.
pub fn bytes(entry: &HistoryEntry) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(entry).map_err(|error| StoreError::Unwritable {
        what: format!("the history entry {}: {error}", entry.serial),
    })
}

/// Returns the digest of the last entry, or of nothing when there is none.
///
/// # Errors
///
/// When the entry holds a secret in clear.
pub fn tip(entries: &[HistoryEntry]) -> Result<Digest, StoreError> {
    match entries.last() {
        None => Ok(start()),
        Some(last) => Ok(Digest::of(&bytes(last)?)),
    }
}

/// Checks that the entries follow each other without a gap. A list that begins with serial 1 is checked from
/// the start of the chain, any other from its own first entry.
///
/// # Errors
///
/// At the first entry that does not fit.
pub fn verify_chain(entries: &[HistoryEntry]) -> Result<(), ChainError> {
    let Some(first) = entries.first() else {
        return Ok(());
    };
    if first.serial == Serial(1) && first.previous != start() {
        return Err(ChainError::Altered { serial: first.serial });
    }
    for pair in entries.windows(2) {
        let [before, after] = pair else { continue };
        if after.serial.0 != before.serial.0 + 1 {
            return Err(ChainError::Gap {
                after: before.serial,
                found: after.serial,
            });
        }
        if Digest::of(&bytes(before)?) != after.previous {
            return Err(ChainError::Broken {
                before: before.serial,
                after: after.serial,
            });
        }
    }
    Ok(())
}

/// Returns the records as they were after the last of these entries, which begin with the first of all.
///
/// # Errors
///
/// When a record cannot be encoded.
pub fn replay(entries: &[HistoryEntry]) -> Result<BTreeMap<RecordKey, RecordEntry>, RecordError> {
    let mut newest: BTreeMap<&RecordKey, (Serial, Option<&Record>)> = BTreeMap::new();
    for entry in entries {
        for change in &entry.changes {
            newest.insert(&change.key, (entry.serial, change.after.as_deref()));
        }
    }
    let recorded = newest
        .into_iter()
        .filter_map(|(key, (serial, record))| Some((key, serial, record?)));
    recorded
        .map(|(key, serial, record)| Ok((key.clone(), RecordEntry::of(record.clone(), serial)?)))
        .collect()
}

/// A history is not what was written.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// Entries are missing.
    #[error("The history has {found} where {} must follow", after.0 + 1)]
    Gap {
        /// The last entry before the gap.
        after: Serial,
        /// The entry after it.
        found: Serial,
    },
    /// The first entry is chained to something.
    #[error("The history entry {serial} was altered")]
    Altered {
        /// The entry.
        serial: Serial,
    },
    /// An entry is not the one that the next was chained to.
    #[error("The history breaks between entries {before} and {after}: one of them is not what was written")]
    Broken {
        /// The one entry.
        before: Serial,
        /// The other.
        after: Serial,
    },
    /// An entry cannot be encoded.
    #[error("The history cannot be checked")]
    Encode(#[from] StoreError),
}
