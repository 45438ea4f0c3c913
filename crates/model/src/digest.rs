//! Digests: the identity of plans, inputs and history entries.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A BLAKE3 digest of 32 bytes, written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Returns the digest of the given bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Digest(*blake3::hash(bytes).as_bytes())
    }

    /// Returns the digest with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Digest(bytes)
    }

    /// Returns the 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns the first twelve digits, enough to tell digests apart on a screen.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({})", self.short())
    }
}

/// The text is not 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("A digest has 64 hexadecimal digits")]
pub struct DigestError;

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let bytes = data_encoding::HEXLOWER_PERMISSIVE
            .decode(text.as_bytes())
            .map_err(|_| DigestError)?;
        Ok(Digest(bytes.try_into().map_err(|_| DigestError)?))
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// Feeds canonical bytes, tagged and with lengths, to a digest.
///
/// Parts are gathered first: most of what is hashed is small, and then one call costs a third of many.
#[derive(Debug, Default)]
pub struct Hasher {
    gathered: Vec<u8>,
    before: Option<Box<blake3::Hasher>>,
}

/// How many bytes are gathered before they are hashed.
const GATHERED_BYTES_MAX: usize = 16 * 1024;

impl Hasher {
    /// Returns a hasher that was fed nothing.
    #[must_use]
    pub fn new() -> Self {
        Hasher {
            gathered: Vec::with_capacity(1024),
            before: None,
        }
    }

    /// Feeds one tag.
    pub fn tag(&mut self, tag: u8) {
        self.feed(&[tag]);
    }

    /// Feeds a tag and a number of parts that follow.
    pub fn count(&mut self, tag: u8, count: usize) {
        self.feed(&[tag]);
        self.feed(&(count as u64).to_le_bytes());
    }

    /// Feeds a tag, the length of the bytes, and the bytes.
    pub fn tagged(&mut self, tag: u8, bytes: &[u8]) {
        self.count(tag, bytes.len());
        self.feed(bytes);
    }

    /// Returns the digest of all that was fed.
    #[must_use]
    pub fn finish(&self) -> Digest {
        match &self.before {
            None => Digest::of(&self.gathered),
            Some(before) => Digest(*before.clone().update(&self.gathered).finalize().as_bytes()),
        }
    }

    fn feed(&mut self, bytes: &[u8]) {
        if self.gathered.len() + bytes.len() > GATHERED_BYTES_MAX {
            let before = self.before.get_or_insert_with(Box::default);
            before.update(&self.gathered);
            before.update(bytes);
            self.gathered.clear();
        } else {
            self.gathered.extend_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gathered_makes_no_difference() {
        let parts: Vec<Vec<u8>> = (0_usize..40).map(|at| vec![at as u8; at * 97]).collect();
        let mut hasher = Hasher::new();
        let mut plain = blake3::Hasher::new();
        for part in &parts {
            hasher.tagged(b's', part);
            plain
                .update(b"s")
                .update(&(part.len() as u64).to_le_bytes())
                .update(part);
        }
        assert!(hasher.before.is_some());
        assert_eq!(hasher.finish().as_bytes(), plain.finalize().as_bytes());
    }
}
