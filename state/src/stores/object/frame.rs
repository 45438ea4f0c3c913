//! The frame of every object: a line of text with our own version and a checksum, then the payload.
//!
//! The checksum covers the object's name too: a copy in another's place is damage.

use bytes::Bytes;

use crate::contract::STATE_FORMAT;
use crate::stores::object::failure::Failure;

const OPENING: &str = "infra state, format ";
const CHECK: &str = ", blake3 ";

/// The longest line that is looked at: the text, two numbers and a checksum.
const LINE_BYTES_MAX: usize = 128;

/// Returns the object to store for a payload.
pub(super) fn frame(name: &str, payload: &[u8]) -> Bytes {
    let line = format!(
        "{OPENING}{STATE_FORMAT}{CHECK}{}\n",
        check(name, payload).to_hex()
    );
    let mut object = Vec::with_capacity(line.len() + payload.len());
    object.extend(line.as_bytes());
    object.extend(payload);
    object.into()
}

/// Returns the payload of an object, if it is what was written under this name.
pub(super) fn unframe(name: &str, object: &Bytes) -> Result<Bytes, Failure> {
    let end = object
        .iter()
        .take(LINE_BYTES_MAX)
        .position(|byte| *byte == b'\n')
        .ok_or_else(|| unreadable(name))?;
    let line = std::str::from_utf8(&object[..end]).map_err(|_| unreadable(name))?;
    let rest = line.strip_prefix(OPENING).ok_or_else(|| unreadable(name))?;
    let digits = rest.len() - rest.trim_start_matches(|byte: char| byte.is_ascii_digit()).len();
    let (format, rest) = rest.split_at(digits);
    match format.parse() {
        Ok(STATE_FORMAT) => {}
        // What a newer engine writes after the version is its own business.
        Ok(found) if found > STATE_FORMAT => return Err(Failure::Newer { found }),
        _ => return Err(unreadable(name)),
    }
    let checksum = rest.strip_prefix(CHECK).ok_or_else(|| unreadable(name))?;
    let payload = object.slice(end + 1..);
    match check(name, &payload).to_hex().as_str() == checksum {
        true => Ok(payload),
        false => Err(Failure::damaged(name, "does not match its checksum")),
    }
}

fn check(name: &str, payload: &[u8]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(name.as_bytes());
    hasher.update(b"\n");
    hasher.update(payload);
    hasher.finalize()
}

fn unreadable(name: &str) -> Failure {
    Failure::damaged(name, "is not an object of a state")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_comes_back_under_its_own_name_only() {
        let object = frame("log/1", b"payload");
        assert_eq!(unframe("log/1", &object).unwrap(), Bytes::from_static(b"payload"));
        assert!(matches!(unframe("log/2", &object), Err(Failure::Damaged { .. })));
    }

    #[test]
    fn every_altered_byte_is_noticed() {
        let object = frame("log/1", b"payload");
        for at in 0..object.len() {
            let mut altered = object.to_vec();
            altered[at] ^= 1;
            unframe("log/1", &altered.into()).expect_err("one bit is another");
        }
        for length in 0..object.len() {
            unframe("log/1", &object.slice(..length)).expect_err("it is cut short");
        }
    }

    #[test]
    fn a_newer_format_is_told_apart_from_damage() {
        let newer = format!("{OPENING}{}; whatever that means\n", STATE_FORMAT + 1);
        match unframe("log/1", &newer.into()) {
            Err(Failure::Newer { found }) => assert_eq!(found, STATE_FORMAT + 1),
            other => panic!("a newer format must be refused, but: {other:?}"),
        }
    }
}
