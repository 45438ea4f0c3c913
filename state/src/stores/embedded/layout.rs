//! Keys and values of the database.
//!
//! One keyspace, so that one batch changes everything at once. The first byte of a key says what it holds:
//!
//! | Key | Value |
//! | --- | --- |
//! | `p` | position: number of the batch, counters, tally (JSON) |
//! | `h` | header of the state (JSON) |
//! | `r` and a record's key | serial, flags, digest of the inputs, encoded record |
//! | `i` and a number | an intent without an outcome (JSON); removed by the commit that closes it |
//! | `d` and `type action` | a learned duration in milliseconds |
//! | `l`, a serial and a number | a part of an entry of the history (canonical JSON), after a byte: do more follow? |
//!
//! Entries of the history come in parts because one entry may hold thousands of records, and sled copies a large
//! value many times over.
//!
//! Every value is framed: a version byte, then a checksum over key and payload, so that a value can neither be
//! altered nor appear under another key. The tally counts and sums the checksums of all `r`, `i` and `d`: a value
//! that the database lost without noticing is missed when the state is loaded.

use std::path::Path;

use infra_model::record::{RecordEntry, RecordKey, Serial};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

use crate::rules::Head;
use crate::stores::embedded::failure::Failure;
use crate::stores::record_bytes;

pub(super) const POSITION: &[u8] = b"p";
pub(super) const HEADER: &[u8] = b"h";
pub(super) const RECORDS: u8 = b'r';
pub(super) const INTENTS: u8 = b'i';
pub(super) const DURATIONS: u8 = b'd';
pub(super) const HISTORY: u8 = b'l';

const FRAME_VERSION: u8 = 1;
const CHECK_BYTES: usize = 8;
const PAYLOAD_AT: usize = 1 + CHECK_BYTES;

/// Large enough that most entries have one part, small enough that sled keeps it among others.
const HISTORY_PART_BYTES: usize = 32 * 1024;

/// Where the database stands: written with every batch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Position {
    /// The number of the batch.
    pub(super) batch: u64,
    /// The counters of the state.
    pub(super) head: Head,
    /// What must be there.
    pub(super) tally: Tally,
}

/// Counts values and sums their checksums, in any order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tally {
    pub(super) values: u64,
    sum: u64,
}

impl Tally {
    /// Counts a framed value in.
    pub(super) fn add(&mut self, framed: &[u8]) {
        self.values = self.values.wrapping_add(1);
        self.sum = self.sum.wrapping_add(check_number(framed));
    }

    /// Counts a framed value out.
    pub(super) fn remove(&mut self, framed: &[u8]) {
        self.values = self.values.wrapping_sub(1);
        self.sum = self.sum.wrapping_sub(check_number(framed));
    }

    /// Tells whether values under this key are tallied.
    pub(super) fn covers(key: &[u8]) -> bool {
        matches!(key.first(), Some(&RECORDS | &INTENTS | &DURATIONS))
    }
}

fn check_number(framed: &[u8]) -> u64 {
    let number = framed.get(1..PAYLOAD_AT).and_then(<[u8]>::first_chunk);
    number.map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// Returns the key of a record.
pub(super) fn record_key(key: &RecordKey) -> Vec<u8> {
    text_key(RECORDS, &key.to_string())
}

/// Returns the key of something named by text.
pub(super) fn text_key(space: u8, text: &str) -> Vec<u8> {
    let mut bytes = vec![space];
    bytes.extend(text.as_bytes());
    bytes
}

/// Returns the key of something numbered; keys sort as numbers.
pub(super) fn number_key(space: u8, number: u64) -> Vec<u8> {
    let mut bytes = vec![space];
    bytes.extend(number.to_be_bytes());
    bytes
}

/// Returns the keys and payloads of the parts of a history entry.
pub(super) fn history_parts(serial: Serial, entry: &[u8]) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    let count = entry.len().div_ceil(HISTORY_PART_BYTES);
    entry
        .chunks(HISTORY_PART_BYTES)
        .zip(0_u32..)
        .map(move |(part, number)| {
            let mut key = number_key(HISTORY, serial.0);
            key.extend(number.to_be_bytes());
            let more = (number as usize) + 1 < count;
            let mut payload = vec![u8::from(more)];
            payload.extend(part);
            (key, payload)
        })
}

/// A part of a history entry as it is read.
pub(super) struct HistoryPart<'a> {
    pub(super) serial: Serial,
    pub(super) number: u32,
    pub(super) is_last: bool,
    pub(super) bytes: &'a [u8],
}

/// Reads a part of a history entry.
pub(super) fn read_history_part<'a>(
    path: &Path,
    key: &[u8],
    payload: &'a [u8],
) -> Result<HistoryPart<'a>, Failure> {
    split_history_part(key, payload)
        .ok_or_else(|| Failure::damaged(path, format!("{} cannot be read", describe(key))))
}

fn split_history_part<'a>(key: &[u8], payload: &'a [u8]) -> Option<HistoryPart<'a>> {
    let (serial, number) = key.get(1..)?.split_first_chunk::<8>()?;
    let (more, bytes) = payload.split_first()?;
    Some(HistoryPart {
        serial: Serial(u64::from_be_bytes(*serial)),
        number: u32::from_be_bytes(number.try_into().ok()?),
        is_last: *more == 0,
        bytes,
    })
}

/// Names what is under a key, for people.
pub(super) fn describe(key: &[u8]) -> String {
    let rest = key.get(1..).unwrap_or_default();
    let text = || String::from_utf8_lossy(rest).into_owned();
    let number = || rest.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    match key.first() {
        _ if key == POSITION => "the position".to_owned(),
        _ if key == HEADER => "the header".to_owned(),
        Some(&RECORDS) => format!("the record of `{}`", text()),
        Some(&INTENTS) => format!("the intent {}", number()),
        Some(&DURATIONS) => format!("the duration of `{}`", text()),
        Some(&HISTORY) => format!("the history entry {}", number()),
        _ => "a value of unknown kind".to_owned(),
    }
}

/// Damage is an accident, so a fast checksum does; what must not be forged is chained in the history.
fn check(key: &[u8], payload: &[u8]) -> [u8; CHECK_BYTES] {
    let seed = XxHash3_64::oneshot(key);
    XxHash3_64::oneshot_with_seed(seed, payload).to_le_bytes()
}

/// Returns the value to store for a payload.
pub(super) fn frame(key: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut framed = Vec::with_capacity(PAYLOAD_AT + payload.len());
    framed.push(FRAME_VERSION);
    framed.extend(check(key, payload));
    framed.extend(payload);
    framed
}

/// Returns the payload of a stored value, if it is what was written under this key.
pub(super) fn unframe<'a>(path: &Path, key: &[u8], framed: &'a [u8]) -> Result<&'a [u8], Failure> {
    match framed.split_at_checked(PAYLOAD_AT) {
        Some(([FRAME_VERSION, found @ ..], payload)) if *found == check(key, payload) => Ok(payload),
        _ => Err(Failure::damaged(
            path,
            format!("{} does not match its checksum", describe(key)),
        )),
    }
}

/// Parses a JSON payload.
pub(super) fn parse<T: DeserializeOwned>(path: &Path, key: &[u8], payload: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(payload)
        .map_err(|error| Failure::damaged(path, format!("{} cannot be read ({error})", describe(key))))
}

/// Reads a stored JSON value.
pub(super) fn read_json<T: DeserializeOwned>(path: &Path, key: &[u8], framed: &[u8]) -> Result<T, Failure> {
    parse(path, key, unframe(path, key, framed)?)
}

/// Reads a record's key and entry; the record itself stays unparsed.
pub(super) fn read_record(
    path: &Path,
    key: &[u8],
    payload: &[u8],
) -> Result<(RecordKey, RecordEntry), Failure> {
    split_record(key, payload)
        .ok_or_else(|| Failure::damaged(path, format!("{} cannot be read", describe(key))))
}

fn split_record(key: &[u8], payload: &[u8]) -> Option<(RecordKey, RecordEntry)> {
    let text = std::str::from_utf8(key.get(1..)?).ok()?;
    Some((text.parse().ok()?, record_bytes::decode(payload)?))
}
