//! Packs: a run of segments as one object, byte for byte.
//!
//! A pack is a function of the log, whoever writes it, so that two who write the same one cannot disagree. Packs are
//! never deleted: they are the history, with every intent and every lease.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};

use crate::stores::object::failure::Failure;
use crate::stores::object::frame::{frame, unframe};
use crate::stores::object::names::PackName;
use crate::stores::object::segment::Segment;

/// A run of segments.
#[derive(Clone, Debug)]
pub(super) struct Pack {
    /// The number of the first.
    pub(super) first: u64,
    /// Their objects, in order.
    pub(super) objects: Vec<Bytes>,
}

impl Pack {
    /// Returns the object that keeps the pack.
    pub(super) fn encode(&self, name: PackName) -> Bytes {
        let mut payload = BytesMut::new();
        payload.put_u64_le(self.first);
        for object in &self.objects {
            payload.put_u64_le(object.len() as u64);
            payload.extend_from_slice(object);
        }
        frame(&name.name(), &payload)
    }

    /// Reads the object.
    pub(super) fn decode(name: PackName, object: &Bytes) -> Result<Self, Failure> {
        let text = name.name();
        let payload = unframe(&text, object)?;
        match split(payload) {
            Some(pack) if pack.end() == name.last + 1 => Ok(pack),
            _ => Err(Failure::damaged(&text, "cannot be read")),
        }
    }

    /// Returns the number that follows.
    pub(super) fn end(&self) -> u64 {
        self.first + self.objects.len() as u64
    }

    /// Reads its segments, each with its number.
    pub(super) fn segments(&self) -> impl Iterator<Item = Result<(u64, Segment), Failure>> {
        let numbers = self.first..;
        let numbered = numbers.zip(&self.objects);
        numbered.map(|(number, object)| Ok((number, Segment::decode(number, object)?)))
    }
}

fn split(mut payload: Bytes) -> Option<Pack> {
    let first = payload.try_get_u64_le().ok()?;
    let mut objects = Vec::new();
    while payload.has_remaining() {
        let length = usize::try_from(payload.try_get_u64_le().ok()?).ok()?;
        if payload.remaining() < length {
            return None;
        }
        objects.push(payload.split_to(length));
    }
    Some(Pack { first, objects })
}
