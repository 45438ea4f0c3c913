//! The rows of the tables, each with its checksum.
//!
//! The columns are readable, so that a team can look at its state with SQL. What the engine relies on is checked all the
//! same: a checksum covers every column of a row and the state and key that it belongs to, so that a row can neither
//! be altered nor appear under another name; and the state's own row counts and sums the checksums of all records,
//! intents and durations, so that one that was deleted, or put back from a backup, is missed.

use infra_model::journal::IntentId;
use infra_model::record::{RecordEntry, RecordHeader, RecordKey};
use twox_hash::XxHash3_64;

use crate::contract::{Standing, StateHeader, StoreError};
use crate::rules::{Head, unwritable};

/// PostgreSQL's indexes hold keys of up to a third of a page.
const KEY_BYTES_MAX: usize = 2048;

/// A change that is larger would need many times its size in memory, here and in the server.
pub(super) const COMMIT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The random name of a write.
pub(super) type WriteName = [u8; 16];

/// Counts rows and sums their checksums, in any order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) entries: i64,
    pub(super) sum: i64,
}

impl Tally {
    /// Counts a row in.
    pub(super) fn add(&mut self, checksum: i64) {
        self.entries = self.entries.wrapping_add(1);
        self.sum = self.sum.wrapping_add(checksum);
    }

    /// Counts a row out.
    pub(super) fn remove(&mut self, checksum: i64) {
        self.entries = self.entries.wrapping_sub(1);
        self.sum = self.sum.wrapping_sub(checksum);
    }
}

/// The row of a state.
#[derive(Clone, Debug, Default)]
pub(super) struct StateRow {
    /// The header as it is stored, and as it is read; none before the state is begun.
    pub(super) header: Option<(String, StateHeader)>,
    pub(super) head: Head,
    pub(super) tally: Tally,
    pub(super) written_as: WriteName,
}

impl StateRow {
    /// Tells whether it is the row that is made for the first lease and filled before anybody else sees it.
    pub(super) fn is_new(&self) -> bool {
        self.written_as == WriteName::default()
    }

    /// Returns the row's checksum. Who holds the lease is not of this row.
    pub(super) fn checksum(&self, state: i64) -> i64 {
        let head = &self.head;
        check([
            b"state",
            &state.to_le_bytes(),
            self.header.as_ref().map_or(b"", |(text, _)| text.as_bytes()),
            &head.serial.0.to_le_bytes(),
            &head.epoch.0.to_le_bytes(),
            &head.last_intent.0.to_le_bytes(),
            head.chain.as_bytes(),
            standing_text(&head.standing).unwrap_or_default().as_bytes(),
            &self.tally.entries.to_le_bytes(),
            &self.tally.sum.to_le_bytes(),
            &self.written_as,
        ])
    }
}

/// Returns how a standing is stored; a state in force has none.
pub(super) fn standing_text(standing: &Standing) -> Option<String> {
    let stored = (!standing.is_in_force()).then(|| serde_json::to_string(standing));
    stored.and_then(Result::ok)
}

/// The row of a record.
#[derive(Clone, Debug)]
pub(super) struct RecordRow {
    pub(super) header: RecordHeader,
    pub(super) format: u32,
    pub(super) body: String,
}

impl RecordRow {
    /// Returns the row of a record.
    pub(super) fn of(key: &str, entry: &RecordEntry) -> Result<Self, StoreError> {
        let unreadable = || unwritable(format!("`{key}`: the record is not text after its version"));
        let (format, body) = entry.bytes().split_first_chunk::<4>().ok_or_else(unreadable)?;
        let body = std::str::from_utf8(body).map_err(|_| unreadable())?;
        Ok(RecordRow {
            header: entry.header(),
            format: u32::from_le_bytes(*format),
            body: body.to_owned(),
        })
    }

    /// Returns the record, which stays unparsed.
    pub(super) fn entry(&self) -> RecordEntry {
        let bytes = [&self.format.to_le_bytes(), self.body.as_bytes()].concat();
        RecordEntry::from_parts(self.header, bytes.into())
    }

    /// Returns the row's checksum.
    pub(super) fn checksum(&self, state: i64, key: &str) -> i64 {
        check([
            b"record",
            &state.to_le_bytes(),
            key.as_bytes(),
            &self.header.serial.0.to_le_bytes(),
            self.header.inputs_digest.as_bytes(),
            &[u8::from(self.header.tainted), u8::from(self.header.protect)],
            &self.format.to_le_bytes(),
            self.body.as_bytes(),
        ])
    }
}

/// Returns the key of a record's row, if a row can have it.
pub(super) fn record_key(key: &RecordKey) -> Result<String, StoreError> {
    let text = key.to_string();
    if text.len() > KEY_BYTES_MAX || text.contains('\0') {
        return Err(unwritable(format!(
            "`{}`: a name in PostgreSQL has at most {KEY_BYTES_MAX} bytes and no zero byte",
            text.replace('\0', "\\0")
        )));
    }
    Ok(text)
}

/// Returns the checksum of an intent's row.
pub(super) fn intent_checksum(state: i64, id: IntentId, body: &str) -> i64 {
    check([
        b"intent",
        &state.to_le_bytes(),
        &id.0.to_le_bytes(),
        body.as_bytes(),
    ])
}

/// Returns the checksum of a duration's row.
pub(super) fn duration_checksum(state: i64, name: &str, millis: u64) -> i64 {
    check([
        b"duration",
        &state.to_le_bytes(),
        name.as_bytes(),
        &millis.to_le_bytes(),
    ])
}

/// Damage is an accident, so a fast checksum does; what must not be forged is chained in the history.
fn check<const PARTS: usize>(parts: [&[u8]; PARTS]) -> i64 {
    let fold = |seed, part: &&[u8]| XxHash3_64::oneshot_with_seed(seed, part);
    parts.iter().fold(0, fold).cast_signed()
}
