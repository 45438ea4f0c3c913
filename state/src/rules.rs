//! The rules that every store follows, as pure functions: who may write, what a change becomes.
//!
//! A store adds only where the bytes go, so that two stores cannot disagree on fencing or on the history.

use infra_model::clock::Timestamp;
use infra_model::digest::Digest;
use infra_model::journal::{
    Commit, Epoch, HistoryChange, HistoryEntry, Intent, IntentId, OpenIntent, RecordChange, Relocation,
};
use infra_model::record::{RecordEntry, RecordKey, Serial};
use serde::{Deserialize, Serialize};

use crate::archive::Archive;
use crate::contract::{Lease, LeaseRequest, STATE_FORMAT, Standing, StateHeader, StoreError};
use crate::history::{self, verify_chain};

/// The counters of a state: where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    /// The number of the last change.
    pub(crate) serial: Serial,
    /// The highest epoch that was ever granted; zero before the first lease.
    pub(crate) epoch: Epoch,
    /// Whom it was granted to; a state that was written before this was kept does not say.
    #[serde(default = "somebody")]
    pub(crate) holder: String,
    /// The number of the last intent.
    pub(crate) last_intent: IntentId,
    /// The digest of the last history entry.
    pub(crate) chain: Digest,
    /// Whether the state is the one in force.
    #[serde(default, skip_serializing_if = "Standing::is_in_force")]
    pub(crate) standing: Standing,
}

impl Default for Head {
    fn default() -> Self {
        Head {
            serial: Serial::default(),
            epoch: Epoch::default(),
            holder: somebody(),
            last_intent: IntentId::default(),
            chain: history::start(),
            standing: Standing::InForce,
        }
    }
}

impl Head {
    /// Notes who got the next epoch.
    pub(crate) fn granted(&mut self, lease: &Lease) {
        self.epoch = lease.epoch;
        self.holder.clone_from(&lease.holder);
    }
}

fn somebody() -> String {
    "somebody".to_owned()
}

/// What a commit becomes once it was allowed.
#[derive(Debug)]
pub(crate) struct Change {
    /// The counters afterwards.
    pub(crate) head: Head,
    /// The intent that is closed.
    pub(crate) closed: Option<IntentId>,
    /// The records that are written or, without an entry, removed; in the order of the commit.
    pub(crate) records: Vec<(RecordKey, Option<RecordEntry>)>,
    /// The entry of the history.
    pub(crate) history: HistoryEntry,
    /// The canonical bytes of that entry.
    pub(crate) history_bytes: Vec<u8>,
}

/// Refuses a writer whose lease was taken over.
pub(crate) fn fence(head: &Head, ours: Epoch) -> Result<(), StoreError> {
    if ours < head.epoch {
        return Err(StoreError::Fenced {
            ours,
            current: head.epoch,
            by: head.holder.clone(),
        });
    }
    if ours > head.epoch || ours == Epoch::default() {
        return Err(unwritable(format!("no lease has the epoch {}", ours.0)));
    }
    Ok(())
}

/// Grants the lease of the next epoch unless somebody holds it.
pub(crate) fn grant(head: &Head, held: Option<&Lease>, request: &LeaseRequest) -> Result<Lease, StoreError> {
    if let Some(held) = held.filter(|held| request.now < held.until) {
        return Err(StoreError::Held {
            holder: held.holder.clone(),
            until: held.until,
        });
    }
    Ok(Lease {
        holder: request.holder.clone(),
        until: request.now.after(request.duration),
        duration: request.duration,
        epoch: Epoch(head.epoch.0 + 1),
    })
}

/// Prolongs a lease, also one whose time is over as long as nobody took it.
pub(crate) fn prolong(
    head: &Head,
    held: Option<&Lease>,
    lease: &Lease,
    now: Timestamp,
) -> Result<Lease, StoreError> {
    fence(head, lease.epoch)?;
    if held.is_none() {
        return Err(unwritable("the lease was given back".to_owned()));
    }
    Ok(Lease {
        until: now.after(lease.duration),
        ..lease.clone()
    })
}

/// Allows a header to begin a state.
pub(crate) fn begin(
    head: &Head,
    exists: Option<&StateHeader>,
    epoch: Epoch,
    header: &StateHeader,
) -> Result<(), StoreError> {
    fence(head, epoch)?;
    if exists.is_some() {
        return Err(StoreError::AlreadyInitialized);
    }
    readable(header)
}

/// Refuses a header of a newer format.
pub(crate) fn readable(header: &StateHeader) -> Result<(), StoreError> {
    if header.format > STATE_FORMAT {
        let found = header.format;
        return Err(StoreError::Newer { found });
    }
    Ok(())
}

/// Allows an archive to fill a store and returns the counters that it leaves. A state that is not in force does not
/// stand in the way.
pub(crate) fn refill(
    head: &Head,
    exists: Option<&StateHeader>,
    epoch: Epoch,
    archive: &Archive,
) -> Result<Head, StoreError> {
    let exists = exists.filter(|_| head.standing.is_in_force());
    begin(head, exists, epoch, &archive.state.header)?;
    complete(archive)?;
    let last_intent = archive.state.open_intents.iter().map(|open| open.id).max();
    Ok(Head {
        serial: archive.state.serial,
        last_intent: last_intent.unwrap_or_default(),
        chain: history::tip(&archive.history)?,
        standing: archive.state.standing.clone(),
        ..head.clone()
    })
}

/// Refuses an archive whose history does not lead to its state.
fn complete(archive: &Archive) -> Result<(), StoreError> {
    verify_chain(&archive.history).map_err(|error| unwritable(error.to_string()))?;
    let first = archive.history.first().map_or(Serial(1), |entry| entry.serial);
    let last = archive.history.last().map_or(Serial(0), |entry| entry.serial);
    if first != Serial(1) || last != archive.state.serial {
        return Err(unwritable(format!(
            "the history is not the one of serial {}",
            archive.state.serial
        )));
    }
    Ok(())
}

/// Allows an intent, numbers it, and returns it with its bytes.
pub(crate) fn open_intent(
    head: &Head,
    header: Option<&StateHeader>,
    epoch: Epoch,
    intent: &Intent,
) -> Result<(OpenIntent, Vec<u8>), StoreError> {
    fence(head, epoch)?;
    begun(header)?;
    head.standing.require()?;
    let open = OpenIntent {
        id: IntentId(head.last_intent.0 + 1),
        epoch,
        intent: intent.clone(),
    };
    let bytes = serde_json::to_vec(&open).map_err(|error| refused(&intent.key, &error))?;
    legible(&bytes)?;
    Ok((open, bytes))
}

/// Allows a commit and returns what it becomes. `is_open` tells whether an intent has no outcome yet.
pub(crate) fn change(
    head: &Head,
    header: Option<&StateHeader>,
    is_open: impl Fn(IntentId) -> bool,
    epoch: Epoch,
    commit: &Commit,
) -> Result<Change, StoreError> {
    fence(head, epoch)?;
    begun(header)?;
    let standing = standing_after(&head.standing, commit)?;
    let closed = commit.closes.as_ref().map(|(id, _)| *id);
    if let Some(id) = closed.filter(|id| !is_open(*id)) {
        return Err(unwritable(format!("the intent {} is not open", id.0)));
    }
    let serial = Serial(head.serial.0 + 1);
    let records = encode(&commit.changes, serial)?;
    let history = entry_of(head, epoch, commit, serial);
    let history_bytes = history::bytes(&history)?;
    legible(&history_bytes)?;
    let head = Head {
        serial,
        chain: Digest::of(&history_bytes),
        standing,
        ..head.clone()
    };
    Ok(Change {
        head,
        closed,
        records,
        history,
        history_bytes,
    })
}

/// Returns the standing after a commit, and refuses one that the standing does not allow.
fn standing_after(standing: &Standing, commit: &Commit) -> Result<Standing, StoreError> {
    let Some(relocation) = &commit.relocation else {
        standing.require()?;
        return Ok(Standing::InForce);
    };
    if commit.closes.is_some() || !commit.changes.is_empty() {
        return Err(unwritable("a move changes nothing else".to_owned()));
    }
    relocated(standing, relocation)
}

/// Returns the standing after a move: away, or to here.
pub(crate) fn relocated(standing: &Standing, relocation: &Relocation) -> Result<Standing, StoreError> {
    match standing {
        Standing::InForce => Ok(Standing::Moved {
            to: relocation.to.clone(),
        }),
        Standing::Arriving { .. } => Ok(Standing::InForce),
        Standing::Moved { to } => Err(StoreError::Moved { to: to.clone() }),
    }
}

fn encode(
    changes: &[RecordChange],
    serial: Serial,
) -> Result<Vec<(RecordKey, Option<RecordEntry>)>, StoreError> {
    changes
        .iter()
        .map(|change| match change {
            RecordChange::Remove(key) => Ok((key.clone(), None)),
            RecordChange::Put(record) => {
                let entry = RecordEntry::of((**record).clone(), serial)
                    .map_err(|error| refused(&record.key, &error))?;
                Ok((record.key.clone(), Some(entry)))
            }
        })
        .collect()
}

/// How deeply the JSON of an intent or an entry may nest: readers stop at 128, and archives add levels of their own.
const NESTING_MAX: usize = 120;

/// Refuses what could be written and never be read again.
fn legible(json: &[u8]) -> Result<(), StoreError> {
    let nesting = nesting(json);
    if nesting > NESTING_MAX {
        return Err(unwritable(format!(
            "a value nests {nesting} levels deep, at most {NESTING_MAX} can be read again"
        )));
    }
    Ok(())
}

/// Returns how deeply well-formed JSON nests.
fn nesting(json: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_text, mut escaped) = (0, 0, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_text => depth -= 1,
            _ => {}
        }
    }
    deepest
}

fn entry_of(head: &Head, epoch: Epoch, commit: &Commit, serial: Serial) -> HistoryEntry {
    let changes = commit.changes.iter().map(|change| HistoryChange {
        key: change.key().clone(),
        after: match change {
            RecordChange::Put(record) => Some(record.clone()),
            RecordChange::Remove(_) => None,
        },
    });
    HistoryEntry {
        serial,
        previous: head.chain,
        at: commit.at,
        operation: commit.operation.clone(),
        epoch,
        changes: changes.collect(),
        outcome: commit.closes.as_ref().map(|(_, outcome)| outcome.clone()),
        made: commit.makes(),
        relocation: commit.relocation.clone(),
    }
}

fn begun(header: Option<&StateHeader>) -> Result<(), StoreError> {
    match header {
        Some(_) => Ok(()),
        None => Err(unwritable("there is no state yet".to_owned())),
    }
}

fn refused(key: &RecordKey, error: &dyn std::error::Error) -> StoreError {
    let cause = error
        .source()
        .map_or_else(|| error.to_string(), ToString::to_string);
    unwritable(format!("`{key}`: {cause}"))
}

pub(crate) fn unwritable(what: String) -> StoreError {
    StoreError::Unwritable { what }
}
