//! The writes of the contract: rules first, rows then.

use infra_model::clock::Timestamp;
use infra_model::digest::Digest;
use infra_model::journal::{Commit, Epoch, Intent, IntentId};
use infra_model::record::Serial;

use crate::archive::Archive;
use crate::contract::{Lease, LeaseRequest, StateHeader, StoreError};
use crate::history;
use crate::rules::{self, unwritable};
use crate::stores::postgres::layout::{COMMIT_BYTES_MAX, RecordRow, record_key};
use crate::stores::postgres::staging::{Needs, Staging};

/// A write of the contract. It may be staged again when its transaction was not carried out.
pub(super) trait Write: Send + Sync + 'static {
    /// What the caller gets.
    type Answer: Send + 'static;

    /// Adds the rows that it must know.
    fn needs(&self, _needs: &mut Needs) {}

    /// Stages its rows, all or, where it is refused, none.
    fn stage(&self, staging: &mut Staging) -> Result<Self::Answer, StoreError>;
}

/// To take the lease.
pub(super) struct Acquire(pub(super) LeaseRequest);

impl Write for Acquire {
    type Answer = Lease;

    fn stage(&self, staging: &mut Staging) -> Result<Lease, StoreError> {
        let asked_at = self.0.now;
        let request = LeaseRequest {
            now: staging.time(asked_at),
            ..self.0.clone()
        };
        let granted = rules::grant(&staging.row.head, staging.lease.as_ref(), &request);
        let lease = granted.map_err(|refusal| in_time_of(refusal, asked_at, request.now))?;
        staging.row.head.granted(&lease);
        staging.lease = Some(lease.clone());
        staging.changed = true;
        Ok(as_asked(lease, asked_at))
    }
}

/// To prolong the lease.
pub(super) struct Renew(pub(super) Lease, pub(super) Timestamp);

impl Write for Renew {
    type Answer = Lease;

    fn stage(&self, staging: &mut Staging) -> Result<Lease, StoreError> {
        let Renew(lease, asked_at) = self;
        let now = staging.time(*asked_at);
        let lease = rules::prolong(&staging.row.head, staging.lease.as_ref(), lease, now)?;
        staging.lease = Some(lease.clone());
        staging.changed = true;
        Ok(as_asked(lease, *asked_at))
    }
}

/// Returns a lease in the caller's time: it ends there no later than here, for the caller asked before it was granted.
fn as_asked(lease: Lease, asked_at: Timestamp) -> Lease {
    Lease {
        until: asked_at.after(lease.duration),
        ..lease
    }
}

/// Returns a refusal that tells the end of the other's lease in the caller's time.
fn in_time_of(refusal: StoreError, asked_at: Timestamp, now: Timestamp) -> StoreError {
    match refusal {
        StoreError::Held { holder, until } => StoreError::Held {
            holder,
            until: asked_at.after(until.since(now)),
        },
        other => other,
    }
}

/// To give the lease back.
pub(super) struct Release(pub(super) Lease);

impl Write for Release {
    type Answer = ();

    fn stage(&self, staging: &mut Staging) -> Result<(), StoreError> {
        if staging.lease.take_if(|held| held.epoch == self.0.epoch).is_some() {
            staging.changed = true;
        }
        Ok(())
    }
}

/// To begin a state.
pub(super) struct Initialize(pub(super) Epoch, pub(super) StateHeader);

impl Write for Initialize {
    type Answer = ();

    fn stage(&self, staging: &mut Staging) -> Result<(), StoreError> {
        let Initialize(epoch, header) = self;
        rules::begin(&staging.row.head, staging.header(), *epoch, header)?;
        staging.row.header = Some((json(header)?, header.clone()));
        staging.changed = true;
        Ok(())
    }
}

/// To append an intent.
pub(super) struct Append(pub(super) Epoch, pub(super) Intent);

impl Write for Append {
    type Answer = IntentId;

    fn stage(&self, staging: &mut Staging) -> Result<IntentId, StoreError> {
        let Append(epoch, intent) = self;
        let (open, bytes) = rules::open_intent(&staging.row.head, staging.header(), *epoch, intent)?;
        let body = text(bytes)?;
        check_size(body.len())?;
        staging.row.head.last_intent = open.id;
        staging.open_intent(open.id, body);
        Ok(open.id)
    }
}

/// To apply one change as a whole.
pub(super) struct Apply(pub(super) Epoch, pub(super) Commit);

impl Write for Apply {
    type Answer = Serial;

    fn needs(&self, needs: &mut Needs) {
        let commit = &self.1;
        needs
            .records
            .extend(commit.changes.iter().map(|change| change.key().to_string()));
        needs.intents.extend(commit.closes.as_ref().map(|(id, _)| *id));
        let duration = commit.duration.as_ref();
        needs
            .durations
            .extend(duration.map(|(resource_type, action, _)| format!("{resource_type} {action}")));
    }

    fn stage(&self, staging: &mut Staging) -> Result<Serial, StoreError> {
        let Apply(epoch, commit) = self;
        let is_open = |id| staging.is_open(id);
        let change = rules::change(&staging.row.head, staging.header(), is_open, *epoch, commit)?;
        let mut records = Vec::with_capacity(change.records.len());
        for (key, entry) in &change.records {
            let key = record_key(key)?;
            let row = entry
                .as_ref()
                .map(|entry| RecordRow::of(&key, entry))
                .transpose()?;
            records.push((key, row));
        }
        let entry = text(change.history_bytes)?;
        let bytes = records
            .iter()
            .map(|(_, row)| row.as_ref().map_or(0, |row| row.body.len()));
        check_size(entry.len() + bytes.sum::<usize>())?;

        for (key, row) in records {
            match row {
                Some(row) => staging.put_record(&key, row),
                None => staging.drop_record(&key),
            }
        }
        if let Some(id) = change.closed {
            staging.close_intent(id);
        }
        if let Some((resource_type, action, millis)) = &commit.duration {
            staging.learn(resource_type, action, *millis);
        }
        staging.append_history(change.head.serial, change.head.chain, entry);
        staging.row.head = change.head;
        Ok(staging.row.head.serial)
    }
}

/// To fill the empty store with an archive.
pub(super) struct Restore(pub(super) Epoch, pub(super) Archive);

impl Write for Restore {
    type Answer = ();

    fn stage(&self, staging: &mut Staging) -> Result<(), StoreError> {
        let Restore(epoch, archive) = self;
        let state = &archive.state;
        let head = rules::refill(&staging.row.head, staging.header(), *epoch, archive)?;
        let mut records = Vec::with_capacity(state.records.len());
        for (key, entry) in &state.records {
            let key = record_key(key)?;
            let row = RecordRow::of(&key, entry)?;
            records.push((key, row));
        }
        let intents = state.open_intents.iter().map(|open| Ok((open.id, json(open)?)));
        let intents = intents.collect::<Result<Vec<_>, StoreError>>()?;
        let history = archive.history.iter().map(|entry| {
            let bytes = history::bytes(entry)?;
            Ok((entry.serial, Digest::of(&bytes), text(bytes)?))
        });
        let history = history.collect::<Result<Vec<_>, StoreError>>()?;
        let header = json(&state.header)?;

        staging.clear();
        records
            .into_iter()
            .for_each(|(key, row)| staging.put_record(&key, row));
        intents
            .into_iter()
            .for_each(|(id, body)| staging.open_intent(id, body));
        state
            .durations
            .0
            .iter()
            .for_each(|(name, millis)| staging.put_duration(name, *millis));
        for (serial, digest, body) in history {
            staging.append_history(serial, digest, body);
        }
        staging.row.header = Some((header, state.header.clone()));
        staging.row.head = head;
        Ok(())
    }
}

fn check_size(bytes: usize) -> Result<(), StoreError> {
    if bytes > COMMIT_BYTES_MAX {
        return Err(unwritable(format!(
            "{bytes} bytes are more than one commit may hold ({COMMIT_BYTES_MAX})"
        )));
    }
    Ok(())
}

fn json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| unwritable(error.to_string()))
}

/// JSON is text, but those who make it return bytes.
fn text(json: Vec<u8>) -> Result<String, StoreError> {
    String::from_utf8(json).map_err(|error| unwritable(error.to_string()))
}
