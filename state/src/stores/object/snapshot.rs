//! Snapshots: a view as a few objects, so that reading a state does not begin with its first segment.
//!
//! The parts come first and the object that names them last: a snapshot without that one does not exist. A part is
//! called after what it holds, so that two engines which write the same snapshot in different ways do not mix.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use futures::TryStreamExt as _;
use infra_model::digest::Digest;
use infra_model::journal::OpenIntent;
use infra_model::record::{RecordEntry, RecordKey};
use infra_model::snapshot::Durations;
use serde::{Deserialize, Serialize};

use crate::contract::{Lease, StateHeader};
use crate::rules::Head;
use crate::stores::object::bucket::Bucket;
use crate::stores::object::failure::Failure;
use crate::stores::object::frame::{frame, unframe};
use crate::stores::object::names;
use crate::stores::object::segment::Restored;
use crate::stores::object::view::View;
use crate::stores::record_bytes;

/// The objects of a snapshot, by name.
#[derive(Debug)]
pub(super) struct Snapshot {
    /// The parts.
    pub(super) parts: Vec<(String, Bytes)>,
    /// What makes it whole.
    pub(super) whole: (String, Bytes),
}

#[derive(Serialize, Deserialize)]
struct Whole {
    head: Head,
    lease: Option<Lease>,
    header: Option<StateHeader>,
    open: Vec<OpenIntent>,
    durations: Durations,
    writer: String,
    restored: Option<Restored>,
    restored_at: u64,
    records: usize,
    parts: Vec<Digest>,
}

impl Snapshot {
    /// Returns the objects that keep a view, in parts of about that size.
    pub(super) fn of(view: &View, part_bytes: usize) -> Result<Self, Failure> {
        let mut parts = Vec::new();
        let mut digests = Vec::new();
        for payload in payloads(view, part_bytes) {
            let digest = Digest::of(&payload);
            let name = names::snapshot_part(view.number, &digest);
            let object = frame(&name, &payload);
            parts.push((name, object));
            digests.push(digest);
        }
        let whole = Whole {
            head: view.head.clone(),
            lease: view.lease.clone(),
            header: view.header.clone(),
            open: view.open.values().cloned().collect(),
            durations: view.durations.clone(),
            writer: view.writer.clone(),
            restored: view.restored.clone(),
            restored_at: view.restored_at,
            records: view.records.len(),
            parts: digests,
        };
        let payload = serde_json::to_vec(&whole).map_err(|error| Failure::Unwritable {
            what: error.to_string(),
        })?;
        let name = names::snapshot(view.number);
        let object = frame(&name, &payload);
        Ok(Snapshot {
            parts,
            whole: (name, object),
        })
    }

    /// Returns the number of bytes in all objects.
    pub(super) fn bytes(&self) -> u64 {
        let parts: usize = self.parts.iter().map(|(_, object)| object.len()).sum();
        (parts + self.whole.1.len()) as u64
    }
}

fn payloads(view: &View, part_bytes: usize) -> Vec<BytesMut> {
    let mut payloads = Vec::new();
    let mut payload = BytesMut::new();
    for (key, entry) in &view.records {
        put_piece(&mut payload, key.to_string().as_bytes());
        put_piece(&mut payload, &record_bytes::encode(entry));
        if payload.len() >= part_bytes {
            payloads.push(std::mem::take(&mut payload));
        }
    }
    if !payload.is_empty() {
        payloads.push(payload);
    }
    payloads
}

fn put_piece(payload: &mut BytesMut, piece: &[u8]) {
    payload.put_u64_le(piece.len() as u64);
    payload.extend_from_slice(piece);
}

/// Reads a snapshot, and how many bytes it has; nothing when one of its objects is gone.
pub(super) async fn read(bucket: &Bucket, number: u64) -> Result<Option<(View, u64)>, Failure> {
    let name = names::snapshot(number);
    let Some(object) = bucket.read(&name).await? else {
        return Ok(None);
    };
    let payload = unframe(&name, &object)?;
    let whole: Whole = serde_json::from_slice(&payload)
        .map_err(|error| Failure::damaged(&name, &format!("cannot be read ({error})")))?;
    let part_names: Vec<String> = whole
        .parts
        .iter()
        .map(|part| names::snapshot_part(number, part))
        .collect();
    let mut view = View {
        number,
        head: whole.head,
        lease: whole.lease,
        header: whole.header,
        open: whole.open.into_iter().map(|open| (open.id, open)).collect(),
        durations: whole.durations,
        writer: whole.writer,
        restored: whole.restored,
        restored_at: whole.restored_at,
        ..View::default()
    };
    let mut bytes = object.len() as u64;
    let mut parts = std::pin::pin!(bucket.read_all(part_names.clone()));
    for name in &part_names {
        let Some(object) = parts.try_next().await?.flatten() else {
            return Ok(None);
        };
        bytes += object.len() as u64;
        add_part(&mut view, name, &object)?;
    }
    match view.records.len() == whole.records {
        true => Ok(Some((view, bytes))),
        false => Err(Failure::damaged(&name, "has other records than it says")),
    }
}

fn add_part(view: &mut View, name: &str, object: &Bytes) -> Result<(), Failure> {
    let mut payload = unframe(name, object)?;
    while payload.has_remaining() {
        let (key, entry) =
            take_record(&mut payload).ok_or_else(|| Failure::damaged(name, "cannot be read"))?;
        view.records.insert(key, entry);
    }
    Ok(())
}

fn take_record(payload: &mut Bytes) -> Option<(RecordKey, RecordEntry)> {
    let key = take_piece(payload)?;
    let entry = take_piece(payload)?;
    let key = std::str::from_utf8(&key).ok()?.parse().ok()?;
    Some((key, record_bytes::decode(&entry)?))
}

fn take_piece(payload: &mut Bytes) -> Option<Bytes> {
    let length = usize::try_from(payload.try_get_u64_le().ok()?).ok()?;
    (payload.remaining() >= length).then(|| payload.split_to(length))
}
