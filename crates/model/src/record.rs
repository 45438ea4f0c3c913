//! Records: what the state knows of one object.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::digest::Digest;
use crate::resource::Target;
use crate::schema::RecoveryClass;
use crate::value::{Attributes, Value, canonical};

/// The version of the form of records. A reader refuses a higher one.
pub const RECORD_FORMAT: u32 = 1;

/// A number that grows with every change of a state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Serial(pub u64);

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The identity of an object at its provider.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ObjectId(pub String);

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names a record: the current object of an address, or an old one that a replacement has not deleted yet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey {
    /// The address.
    pub address: Address,
    /// The token of the replacement that set the object aside; none for the current object.
    pub deposed: Option<String>,
}

impl RecordKey {
    /// Returns the key of the current object of an address.
    #[must_use]
    pub fn current(address: Address) -> Self {
        RecordKey {
            address,
            deposed: None,
        }
    }
}

impl fmt::Display for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.deposed {
            None => write!(f, "{}", self.address),
            Some(token) => write!(f, "{} deposed:{token}", self.address),
        }
    }
}

impl FromStr for RecordKey {
    type Err = crate::address::AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // An instance key may hold anything, but every address goes on with a slash after it, and a token has none.
        match text
            .rsplit_once(" deposed:")
            .filter(|(_, token)| !token.contains('/'))
        {
            None => Ok(RecordKey::current(text.parse()?)),
            Some((address, token)) => Ok(RecordKey {
                address: address.parse()?,
                deposed: Some(token.to_owned()),
            }),
        }
    }
}

impl Serialize for RecordKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RecordKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// What the state knows of one object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its name in the state.
    pub key: RecordKey,
    /// Its identity at the provider.
    pub id: ObjectId,
    /// Where it lives.
    pub target: Target,
    /// The version of the type's schema that inputs and outputs follow.
    pub schema_version: u32,
    /// How an unknown create of its type is resolved.
    pub recovery: RecoveryClass,
    /// What was last applied: references replaced by outputs as far as they hold no secret, secrets sealed. Null where
    /// nobody knows what was applied, because the answer to an update got lost and the provider never shows it.
    pub inputs: Attributes,
    /// What the provider returned, secrets sealed.
    pub outputs: Attributes,
    /// What it needs; deletions go against this order even when the stack no longer says so.
    pub dependencies: BTreeSet<Address>,
    /// Whether deleting and replacing are refused.
    pub protect: bool,
    /// Whether a replacement is created before this object is deleted.
    pub create_before_destroy: bool,
    /// Whether its creation was not finished, so that it has to be replaced.
    pub tainted: bool,
}

/// A record as a store keeps it: bytes, and beside them what planning needs of an unchanged one.
#[derive(Clone, Debug)]
pub struct RecordEntry {
    /// The digest of its inputs and target, see [`crate::value::canonical`].
    pub inputs_digest: Digest,
    /// Whether planning must look inside even if the digest is the same: it is tainted.
    pub tainted: bool,
    /// Whether it is protected.
    pub protect: bool,
    /// The serial of the state that wrote it.
    pub serial: Serial,
    bytes: Arc<[u8]>,
    parsed: OnceLock<Arc<Record>>,
}

impl RecordEntry {
    /// Returns the entry of a record that the state wrote at `serial`.
    ///
    /// # Errors
    ///
    /// When the record holds a secret in clear.
    pub fn of(record: Record, serial: Serial) -> Result<Self, RecordError> {
        let bytes: Arc<[u8]> = record.encode()?.into();
        let entry = RecordEntry {
            inputs_digest: record.inputs_digest(),
            tainted: record.tainted,
            protect: record.protect,
            serial,
            bytes,
            parsed: OnceLock::new(),
        };
        let _ = entry.parsed.set(Arc::new(record));
        Ok(entry)
    }

    /// Returns an entry read from a store; the bytes are parsed when somebody asks for the record.
    #[must_use]
    pub fn from_parts(header: RecordHeader, bytes: Arc<[u8]>) -> Self {
        RecordEntry {
            inputs_digest: header.inputs_digest,
            tainted: header.tainted,
            protect: header.protect,
            serial: header.serial,
            bytes,
            parsed: OnceLock::new(),
        }
    }

    /// Returns what a store keeps beside the bytes.
    #[must_use]
    pub fn header(&self) -> RecordHeader {
        RecordHeader {
            inputs_digest: self.inputs_digest,
            tainted: self.tainted,
            protect: self.protect,
            serial: self.serial,
        }
    }

    /// Returns the encoded record.
    #[must_use]
    pub fn bytes(&self) -> &Arc<[u8]> {
        &self.bytes
    }

    /// Returns the outputs; of a record that nobody parsed yet only they are read and nothing is kept, so that
    /// planning can look up what others refer to without holding all records in memory.
    ///
    /// # Errors
    ///
    /// When the bytes are damaged or of a newer version.
    pub fn outputs(&self) -> Result<Attributes, RecordError> {
        #[derive(Deserialize)]
        struct Outputs {
            outputs: Attributes,
        }
        match self.parsed.get() {
            Some(record) => Ok(record.outputs.clone()),
            None => decode::<Outputs>(&self.bytes).map(|record| record.outputs),
        }
    }

    /// Returns the record, parsed at the first call.
    ///
    /// # Errors
    ///
    /// When the bytes are damaged or of a newer version.
    pub fn record(&self) -> Result<&Arc<Record>, RecordError> {
        if let Some(record) = self.parsed.get() {
            return Ok(record);
        }
        let record = Arc::new(Record::decode(&self.bytes)?);
        Ok(self.parsed.get_or_init(|| record))
    }
}

/// What a store keeps beside the bytes of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordHeader {
    /// The digest of its inputs and target.
    pub inputs_digest: Digest,
    /// Whether its creation was not finished.
    pub tainted: bool,
    /// Whether it is protected.
    pub protect: bool,
    /// The serial of the state that wrote it.
    pub serial: Serial,
}

impl Record {
    /// Returns the digest of inputs and target: that of a resource with these inputs, unless one of them is in doubt.
    /// Then no resource has it, and planning looks inside.
    #[must_use]
    pub fn inputs_digest(&self) -> Digest {
        let digest = canonical::digest_inputs(&self.inputs, &self.target);
        let mut doubts = self.inputs.iter().filter(|(_, value)| value.is_null()).peekable();
        if doubts.peek().is_none() {
            return digest;
        }
        let names: Vec<&str> = doubts.map(|(name, _)| name.as_str()).collect();
        Digest::of(format!("{digest} in doubt: {names:?}").as_bytes())
    }

    /// Tells whether nobody knows what was last applied of an input.
    #[must_use]
    pub fn is_in_doubt(&self, input: &str) -> bool {
        self.inputs.get(input).is_some_and(Value::is_null)
    }

    /// Returns the record as bytes: the format version, then JSON.
    ///
    /// # Errors
    ///
    /// When the record holds a secret in clear.
    pub fn encode(&self) -> Result<Vec<u8>, RecordError> {
        let mut bytes = RECORD_FORMAT.to_le_bytes().to_vec();
        serde_json::to_writer(&mut bytes, self).map_err(RecordError::Encode)?;
        Ok(bytes)
    }

    /// Reads a record from bytes.
    ///
    /// # Errors
    ///
    /// When the bytes are damaged or of a newer version.
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        decode(bytes)
    }
}

fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, RecordError> {
    let (version, json) = bytes.split_first_chunk::<4>().ok_or(RecordError::Short)?;
    match u32::from_le_bytes(*version) {
        RECORD_FORMAT => serde_json::from_slice(json).map_err(RecordError::Decode),
        version => Err(RecordError::Version { version }),
    }
}

/// A record cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The bytes end too early.
    #[error("The record is cut short")]
    Short,
    /// A newer engine wrote it.
    #[error("The record has format {version}, this engine reads up to {RECORD_FORMAT}")]
    Version {
        /// The format found.
        version: u32,
    },
    /// The bytes are not a record.
    #[error("The record is damaged")]
    Decode(#[source] serde_json::Error),
    /// It holds what must not be written.
    #[error("The record cannot be written")]
    Encode(#[source] serde_json::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_back_from_its_text() {
        for address in [
            "redis.a/sim.redis.node.one",
            "redis.a[\"x deposed:y\"]/sim.redis.node.one",
        ] {
            for deposed in [None, Some("0a1b".to_owned())] {
                let key = RecordKey {
                    address: address.parse().unwrap(),
                    deposed,
                };
                assert_eq!(key.to_string().parse::<RecordKey>().unwrap(), key);
            }
        }
    }
}
