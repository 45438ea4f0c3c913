//! Records as stores keep them beside their key: what planning needs of an unchanged one, then the encoded record, so
//! that loading a state parses none of them.

use infra_model::digest::Digest;
use infra_model::record::{RecordEntry, RecordHeader, Serial};

const HEAD_BYTES: usize = 8 + 1 + 32;
const TAINTED: u8 = 1;
const PROTECTED: u8 = 2;

/// Returns the bytes that keep a record: serial, flags, digest of the inputs, encoded record.
pub(super) fn encode(entry: &RecordEntry) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEAD_BYTES + entry.bytes().len());
    bytes.extend(entry.serial.0.to_le_bytes());
    let tainted = if entry.tainted { TAINTED } else { 0 };
    let protected = if entry.protect { PROTECTED } else { 0 };
    bytes.push(tainted | protected);
    bytes.extend(entry.inputs_digest.as_bytes());
    bytes.extend(&**entry.bytes());
    bytes
}

/// Reads the bytes of a record; the record itself stays unparsed.
pub(super) fn decode(bytes: &[u8]) -> Option<RecordEntry> {
    let (serial, rest) = bytes.split_first_chunk::<8>()?;
    let (flags, rest) = rest.split_first()?;
    let (inputs, record) = rest.split_first_chunk::<32>()?;
    let header = RecordHeader {
        inputs_digest: Digest::from_bytes(*inputs),
        tainted: flags & TAINTED != 0,
        protect: flags & PROTECTED != 0,
        serial: Serial(u64::from_le_bytes(*serial)),
    };
    Some(RecordEntry::from_parts(header, record.into()))
}
