//! Changing: each write of the contract as rules first and staged values then.

use infra_model::clock::Timestamp;
use infra_model::journal::{Commit, Epoch, Intent, IntentId};
use infra_model::record::{RecordEntry, RecordKey, Serial};
use infra_model::snapshot::Durations;

use crate::archive::Archive;
use crate::contract::{Lease, LeaseRequest, StateHeader, StoreError};
use crate::history;
use crate::rules::{self, unwritable};
use crate::stores::embedded::layout::{
    DURATIONS, HEADER, HISTORY, INTENTS, RECORDS, history_parts, number_key, record_key, text_key,
};
use crate::stores::embedded::reading::walk;
use crate::stores::embedded::session::{Purpose, Session};
use crate::stores::record_bytes;

/// sled copies pages for every value of a batch and frees them after it: sixteen times the batch in memory.
const COMMIT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// How much of an archive is written at once.
const PIECE_BYTES: usize = 1024 * 1024;

type Change = (Vec<u8>, Option<Vec<u8>>);

/// Grants the lease. That the epoch was used is what must survive; the lease itself dies with the process.
pub(super) fn acquire(session: &mut Session, request: &LeaseRequest) -> Result<Lease, StoreError> {
    session.make(request.now)?;
    let lease = rules::grant(&session.position.head, session.lease.as_ref(), request)?;
    session.room(0, Purpose::Intent)?;
    session.position.head.granted(&lease);
    session.lease = Some(lease.clone());
    session.note(Some(&lease));
    Ok(lease)
}

/// Prolongs the lease.
pub(super) fn renew(session: &mut Session, lease: &Lease, now: Timestamp) -> Result<Lease, StoreError> {
    let lease = rules::prolong(&session.position.head, session.lease.as_ref(), lease, now)?;
    session.lease = Some(lease.clone());
    session.note(Some(&lease));
    Ok(lease)
}

/// Gives the lease back.
pub(super) fn release(session: &mut Session, lease: &Lease) -> Result<(), StoreError> {
    if session.lease.take_if(|held| held.epoch == lease.epoch).is_some() {
        session.note(None);
    }
    Ok(())
}

/// Begins a state.
pub(super) fn initialize(
    session: &mut Session,
    epoch: Epoch,
    header: &StateHeader,
) -> Result<(), StoreError> {
    rules::begin(&session.position.head, session.header.as_ref(), epoch, header)?;
    sweep(session)?;
    let bytes = json(header)?;
    session.room(bytes.len(), Purpose::Outcome)?;
    session.stage([(HEADER.to_vec(), Some(bytes))])?;
    session.header = Some(header.clone());
    Ok(())
}

/// Appends an intent.
pub(super) fn append(session: &mut Session, epoch: Epoch, intent: &Intent) -> Result<IntentId, StoreError> {
    let head = &session.position.head;
    let (open, bytes) = rules::open_intent(head, session.header.as_ref(), epoch, intent)?;
    session.room(bytes.len(), Purpose::Intent)?;
    session.stage([(number_key(INTENTS, open.id.0), Some(bytes))])?;
    session.position.head.last_intent = open.id;
    Ok(open.id)
}

/// Applies one change as a whole.
pub(super) fn commit(session: &mut Session, epoch: Epoch, commit: &Commit) -> Result<Serial, StoreError> {
    let is_open = match &commit.closes {
        Some((id, _)) => session.has(&number_key(INTENTS, id.0))?,
        None => false,
    };
    let head = &session.position.head;
    let change = rules::change(head, session.header.as_ref(), |_| is_open, epoch, commit)?;
    let mut changes: Vec<Change> = change.records.iter().map(record_change).collect();
    changes.extend(change.closed.map(|id| (number_key(INTENTS, id.0), None)));
    changes.extend(learned(session, commit)?);
    changes.extend(history_changes(change.head.serial, &change.history_bytes));
    let bytes = size(&changes);
    if bytes > COMMIT_BYTES_MAX {
        return Err(unwritable(format!(
            "{bytes} bytes are more than one commit may hold ({COMMIT_BYTES_MAX})"
        )));
    }
    session.room(bytes, Purpose::Outcome)?;
    session.stage(changes)?;
    session.position.head = change.head;
    Ok(session.position.head.serial)
}

/// Fills the empty store, a piece at a time and the header last: without a header there is no state, so an archive
/// that was restored half-way is as good as none.
pub(super) fn restore(session: &mut Session, epoch: Epoch, archive: &Archive) -> Result<(), StoreError> {
    let state = &archive.state;
    let head = rules::refill(&session.position.head, session.header.as_ref(), epoch, archive)?;
    sweep(session)?;
    let records = state.records.iter().map(|(key, entry)| Ok(put(key, entry)));
    let intents = state.open_intents.iter();
    let intents = intents.map(|open| Ok((number_key(INTENTS, open.id.0), Some(json(open)?))));
    let durations = state.durations.0.iter();
    let durations = durations.map(|(name, millis)| Ok((text_key(DURATIONS, name), Some(json(millis)?))));
    pieces(session, records.chain(intents).chain(durations))?;
    for entry in &archive.history {
        let bytes = history::bytes(entry)?;
        pieces(session, history_changes(entry.serial, &bytes).map(Ok))?;
    }
    session.stage([(HEADER.to_vec(), Some(json(&state.header)?))])?;
    session.position.head = head;
    session.header = Some(state.header.clone());
    Ok(())
}

/// Removes what an interrupted restoration left.
fn sweep(session: &mut Session) -> Result<(), StoreError> {
    for space in [RECORDS, INTENTS, DURATIONS, HISTORY] {
        let mut keys = Vec::new();
        walk(session, space, vec![space], |pair| {
            keys.push(pair.key().to_vec());
            Ok(())
        })?;
        pieces(session, keys.into_iter().map(|key| Ok((key, None))))?;
    }
    Ok(())
}

/// Stages changes and writes whenever there are enough of them.
fn pieces(
    session: &mut Session,
    changes: impl Iterator<Item = Result<Change, StoreError>>,
) -> Result<(), StoreError> {
    for change in changes {
        let change = change?;
        session.stage([change])?;
        if session.staged_bytes() > PIECE_BYTES {
            session.room(session.staged_bytes(), Purpose::Outcome)?;
            session.write()?;
        }
    }
    Ok(())
}

fn history_changes(serial: Serial, entry: &[u8]) -> impl Iterator<Item = Change> {
    history_parts(serial, entry).map(|(key, payload)| (key, Some(payload)))
}

fn record_change((key, entry): &(RecordKey, Option<RecordEntry>)) -> Change {
    match entry {
        Some(entry) => put(key, entry),
        None => (record_key(key), None),
    }
}

fn put(key: &RecordKey, entry: &RecordEntry) -> Change {
    (record_key(key), Some(record_bytes::encode(entry)))
}

/// Returns the duration as it is after this commit's measure was learned.
fn learned(session: &Session, commit: &Commit) -> Result<Option<Change>, StoreError> {
    let Some((resource_type, action, millis)) = &commit.duration else {
        return Ok(None);
    };
    let name = format!("{resource_type} {action}");
    let key = text_key(DURATIONS, &name);
    let mut durations = Durations::default();
    if let Some(mean) = session.value(&key)? {
        durations.0.insert(name.clone(), mean);
    }
    durations.learn(resource_type, action, *millis);
    Ok(Some((key, Some(json(&durations.0[&name])?))))
}

fn size(changes: &[Change]) -> usize {
    let sizes = changes
        .iter()
        .map(|(key, payload)| key.len() + payload.as_ref().map_or(0, Vec::len));
    sizes.sum()
}

fn json(value: &impl serde::Serialize) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value).map_err(|error| unwritable(error.to_string()))
}
