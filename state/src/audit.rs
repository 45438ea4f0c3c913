//! Audits: whether a history is what was written, and whether it leads to the state that is kept.
//!
//! Whoever alters, drops or reorders entries breaks the chain; whoever alters a record contradicts the history.
//! Whoever can write to a store can forge both together, with a chain that holds: that is noticed by somebody who has
//! kept the digest of an entry elsewhere.

use std::collections::BTreeMap;

use infra_model::clock::Timestamp;
use infra_model::digest::Digest;
use infra_model::journal::HistoryEntry;
use infra_model::record::{RecordEntry, RecordError, RecordKey, Serial};

use crate::contract::{State, StoreError};
use crate::history::{self, ChainError, verify_chain};

#[cfg(test)]
mod tests;

/// A history that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audited {
    /// How many entries there are; their serials are one to this.
    pub entries: u64,
    /// When the first was written.
    pub first: Option<Timestamp>,
    /// When the last was written.
    pub last: Option<Timestamp>,
    /// The digest of the last entry, which stands for all of them.
    pub tip: Digest,
    /// The entry whose digest was kept elsewhere; zero where that was before the first.
    pub kept: Option<Serial>,
    /// How many records the entries lead to.
    pub records: usize,
}

/// Checks a whole history against the state that it leads to, and against the digest of an entry that somebody kept.
///
/// # Errors
///
/// At the first entry or record that does not fit.
pub fn audit(state: &State, entries: &[HistoryEntry], kept: Option<Digest>) -> Result<Audited, AuditError> {
    let first = entries.first().map_or(Serial(1), |entry| entry.serial);
    if first != Serial(1) {
        return Err(AuditError::Beginning { first });
    }
    verify_chain(entries)?;
    let last = entries.last().map_or(Serial(0), |entry| entry.serial);
    if last != state.serial {
        let state = state.serial;
        return Err(AuditError::End { last, state });
    }
    let replayed = history::replay(entries).map_err(AuditError::Unreadable)?;
    compare(&replayed, &state.records, entries)?;
    let kept = kept.map(|kept| find(entries, kept)).transpose()?;
    Ok(Audited {
        entries: entries.len() as u64,
        first: entries.first().map(|entry| entry.at),
        last: entries.last().map(|entry| entry.at),
        tip: history::tip(entries)?,
        kept,
        records: replayed.len(),
    })
}

/// Returns the entry with this digest; none, which is zero, for what the first one follows: a digest that was kept when
/// nothing had been written yet.
fn find(entries: &[HistoryEntry], kept: Digest) -> Result<Serial, AuditError> {
    if kept == history::start() {
        return Ok(Serial(0));
    }
    for entry in entries.iter().rev() {
        if Digest::of(&history::bytes(entry)?) == kept {
            return Ok(entry.serial);
        }
    }
    Err(AuditError::Rewritten { kept })
}

/// Compares what the history leads to with what is recorded.
fn compare(
    replayed: &BTreeMap<RecordKey, RecordEntry>,
    recorded: &BTreeMap<RecordKey, RecordEntry>,
    entries: &[HistoryEntry],
) -> Result<(), AuditError> {
    for (key, expected) in replayed {
        let serial = expected.serial;
        let found = recorded.get(key);
        let found = found.ok_or_else(|| AuditError::Missing {
            key: key.clone(),
            serial,
        })?;
        let record = found.record().map_err(AuditError::Unreadable)?;
        let expected_record = expected.record().map_err(AuditError::Unreadable)?;
        if record != expected_record || found.header() != expected.header() {
            let key = key.clone();
            return Err(AuditError::Differs { key, serial });
        }
    }
    match recorded.keys().find(|key| !replayed.contains_key(*key)) {
        None => Ok(()),
        Some(key) => {
            let last = entries
                .iter()
                .rev()
                .find(|entry| entry.changes.iter().any(|change| change.key == *key));
            Err(AuditError::Unwritten {
                key: key.clone(),
                removed: last.map(|entry| entry.serial),
            })
        }
    }
}

/// A history does not hold, or a state is not the one that it leads to.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The beginning is missing.
    #[error("The history begins with entry {first}, not with entry 1")]
    Beginning {
        /// The first entry there is.
        first: Serial,
    },
    /// Entries do not follow each other.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The end is missing, or there is more than the state knows of.
    #[error("The history ends with entry {last}, and the state is at {state}")]
    End {
        /// The last entry there is.
        last: Serial,
        /// The serial of the state.
        state: Serial,
    },
    /// A record is not what the history says.
    #[error("The record of `{key}` is not what entry {serial} wrote")]
    Differs {
        /// The record.
        key: RecordKey,
        /// The entry that wrote it last.
        serial: Serial,
    },
    /// A record is gone that the history has.
    #[error("The record of `{key}` is missing, which entry {serial} wrote")]
    Missing {
        /// The record.
        key: RecordKey,
        /// The entry that wrote it last.
        serial: Serial,
    },
    /// A record is there that the history has not.
    #[error("`{key}` is recorded, and {}", unwritten(*removed))]
    Unwritten {
        /// The record.
        key: RecordKey,
        /// The entry that removed it, if one wrote it before.
        removed: Option<Serial>,
    },
    /// The chain holds and is not the one that was.
    #[error("No entry has the digest {kept}: the history was rewritten since it was kept")]
    Rewritten {
        /// The digest that was kept.
        kept: Digest,
    },
    /// A record cannot be read.
    #[error("A record cannot be read")]
    Unreadable(#[source] RecordError),
    /// An entry cannot be encoded.
    #[error("The history cannot be checked")]
    Encode(#[from] StoreError),
}

fn unwritten(removed: Option<Serial>) -> String {
    match removed {
        Some(serial) => format!("entry {serial} removed it"),
        None => "no entry wrote it".to_owned(),
    }
}
