//! The replica: what one opening of the store knows of the log, and how it reads the rest.
//!
//! A reader may find an object gone that it saw in a list: somebody packed the log meanwhile. It then begins again,
//! and calls the object missing only if the lists have not changed.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt as _;
use infra_model::record::Serial;

use crate::stores::object::archived;
use crate::stores::object::bucket::Bucket;
use crate::stores::object::failure::Failure;
use crate::stores::object::names::{self, LOG, PACKS, PackName, SNAPSHOTS};
use crate::stores::object::pack::Pack;
use crate::stores::object::segment::Segment;
use crate::stores::object::snapshot;
use crate::stores::object::view::View;

/// How much goes into an object. Every opening of one store must agree on the length of packs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// How many segments make a pack.
    pub(super) pack: u64,
    /// About how many bytes a part of a snapshot or archive has.
    pub(super) part_bytes: usize,
}

/// What one opening of the store knows of the log.
#[derive(Debug)]
pub(super) struct Replica {
    shape: Shape,
    view: View,
    /// The number of the last segment that is in a pack.
    packed: u64,
    /// The serial after that segment.
    packed_serial: Serial,
    /// The objects of all segments after it.
    loose: VecDeque<Bytes>,
    /// Where packs end that nobody made yet.
    ends: BTreeMap<u64, End>,
    snapshot_bytes: u64,
    /// How many bytes of segments came after the last snapshot.
    since_bytes: u64,
    /// Nothing is due before this segment.
    due_after: u64,
}

/// Where a pack ends.
#[derive(Clone, Debug)]
struct End {
    serial: Serial,
    /// The view there, if it is time for a snapshot.
    view: Option<Arc<View>>,
}

/// A pack that is due, and the view at its end if a snapshot is due too.
#[derive(Debug)]
pub(super) struct Due {
    /// How it will be called.
    pub(super) name: PackName,
    /// Its segments.
    pub(super) pack: Pack,
    /// What to make a snapshot of.
    pub(super) view: Option<Arc<View>>,
}

/// What the lists say before anything else is read.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Listing {
    snapshot: Option<u64>,
    packs: Vec<PackName>,
}

/// A reading that found everything, or the name of what it did not.
type Found<T> = Result<T, String>;

impl Replica {
    /// Reads the whole log: the newest snapshot and what came after it.
    pub(super) async fn open(bucket: &Bucket, shape: Shape) -> Result<Self, Failure> {
        let mut before = None;
        loop {
            let listing = list(bucket).await?;
            match replay(bucket, shape, &listing).await? {
                Ok(replica) => return Ok(replica),
                Err(name) if before.as_ref() == Some(&listing) => {
                    return Err(Failure::damaged(&name, "is missing"));
                }
                Err(_) => before = Some(listing),
            }
        }
    }

    /// Reads what was added since, or says that it has to be opened again.
    pub(super) async fn catch_up(&mut self, bucket: &Bucket) -> Result<bool, Failure> {
        let packs = list_packs(bucket, self.packed).await?;
        if let Some(newest) = packs.last() {
            if newest.last > self.view.number {
                return Ok(false);
            }
            self.packed_until(newest.last, None);
        }
        let found = self.read_loose(bucket).await?;
        Ok(found.is_ok())
    }

    /// Returns what the log says.
    pub(super) fn view(&self) -> &View {
        &self.view
    }

    /// Returns the number of the last segment that is in a pack.
    pub(super) fn packed(&self) -> u64 {
        self.packed
    }

    /// Returns the segments that are in no pack, each with its number.
    pub(super) fn loose(&self) -> impl Iterator<Item = (u64, &Bytes)> {
        (self.packed + 1..).zip(&self.loose)
    }

    /// Takes the object of the next segment in.
    pub(super) async fn take_in(&mut self, bucket: &Bucket, object: Bytes) -> Result<(), Failure> {
        let segment = Segment::decode(self.view.number + 1, &object)?;
        let bytes = object.len() as u64;
        self.advance(bucket, segment, bytes).await?;
        self.loose.push_back(object);
        if self.view.number.is_multiple_of(self.shape.pack) {
            self.note_end();
        }
        Ok(())
    }

    async fn advance(&mut self, bucket: &Bucket, segment: Segment, bytes: u64) -> Result<(), Failure> {
        let number = self.view.number + 1;
        let misfit = |what: &str| Failure::damaged(&names::segment(number), what);
        let archive = match segment.restored() {
            Some(restored) => Some(archived::read(bucket, restored).await?),
            None => None,
        };
        self.view
            .advance(segment)
            .map_err(|error| misfit(&error.to_string()))?;
        if let Some(archive) = archive {
            self.view
                .refill(archive)
                .map_err(|error| misfit(&format!("cannot be restored ({error})")))?;
        }
        self.since_bytes += bytes;
        Ok(())
    }

    /// A snapshot is due when the segments since the last one outgrew it: so it costs each change no more bytes than
    /// the change has.
    fn note_end(&mut self) {
        let is_due = self.since_bytes >= self.snapshot_bytes;
        if is_due {
            self.since_bytes = 0;
            // The newest is enough, and each may hold a whole state in memory.
            self.ends.values_mut().for_each(|end| end.view = None);
        }
        let end = End {
            serial: self.view.head.serial,
            view: is_due.then(|| Arc::new(self.view.clone())),
        };
        self.ends.insert(self.view.number, end);
    }

    /// Returns the next pack to make, if there is one.
    pub(super) fn due(&self) -> Option<Due> {
        let (last, end) = self.ends.first_key_value()?;
        if self.view.number < self.due_after {
            return None;
        }
        let count = usize::try_from(last - self.packed).ok()?;
        Some(Due {
            name: PackName {
                last: *last,
                before: self.packed_serial,
            },
            pack: Pack {
                first: self.packed + 1,
                objects: self.loose.iter().take(count).cloned().collect(),
            },
            view: end.view.clone(),
        })
    }

    /// Says that nothing is due before another pack is full: what is due could not be made.
    pub(super) fn leave_for_later(&mut self) {
        self.due_after = self.view.number + self.shape.pack;
    }

    /// Notes that all segments up to one are in packs, and how large a snapshot there is if one was made.
    pub(super) fn packed_until(&mut self, last: u64, snapshot_bytes: Option<u64>) {
        if let Some(bytes) = snapshot_bytes {
            self.snapshot_bytes = bytes;
        }
        let Some(end) = self.ends.get(&last) else {
            return;
        };
        self.packed_serial = end.serial;
        let count = usize::try_from(last - self.packed).unwrap_or(usize::MAX);
        self.loose.drain(..count.min(self.loose.len()));
        self.packed = last;
        self.ends = self.ends.split_off(&(last + 1));
    }

    async fn add_pack(
        &mut self,
        bucket: &Bucket,
        name: PackName,
        object: &Bytes,
    ) -> Result<Found<()>, Failure> {
        let pack = Pack::decode(name, object)?;
        if pack.first != self.view.number + 1 {
            return Ok(Err(names::packs_until(pack.first - 1)));
        }
        for (segment, object) in pack.segments().zip(&pack.objects) {
            let (_, segment) = segment?;
            self.advance(bucket, segment, object.len() as u64).await?;
        }
        self.packed = name.last;
        self.packed_serial = self.view.head.serial;
        Ok(Ok(()))
    }

    /// Reads the segments that follow. The list only says how far they go: it may lack one that was written while it
    /// was made.
    async fn read_loose(&mut self, bucket: &Bucket) -> Result<Found<()>, Failure> {
        let known = self.view.number;
        let listed = bucket.list(LOG, &names::segment(known)).await?;
        let last = listed.iter().rev().find_map(|name| names::segment_number(name));
        let following = known + 1..=last.unwrap_or(known);
        let mut objects = std::pin::pin!(bucket.read_all(following.clone().map(names::segment)));
        for number in following {
            let Some(object) = objects.try_next().await?.flatten() else {
                return Ok(Err(names::segment(number)));
            };
            self.take_in(bucket, object).await?;
        }
        Ok(Ok(()))
    }
}

async fn list(bucket: &Bucket) -> Result<Listing, Failure> {
    // Packs are listed after snapshots: one that a snapshot needs is there before it.
    let listed = bucket.list(SNAPSHOTS, SNAPSHOTS).await?;
    let whole = listed.iter().filter_map(|name| names::snapshot_number(name));
    let snapshot = whole
        .filter_map(|(number, is_whole)| is_whole.then_some(number))
        .max();
    let packs = list_packs(bucket, snapshot.unwrap_or_default()).await?;
    Ok(Listing { snapshot, packs })
}

/// Returns the packs that end after a segment, in order.
pub(super) async fn list_packs(bucket: &Bucket, after: u64) -> Result<Vec<PackName>, Failure> {
    let listed = bucket.list(PACKS, &names::packs_until(after + 1)).await?;
    Ok(listed.iter().filter_map(|name| PackName::parse(name)).collect())
}

async fn replay(bucket: &Bucket, shape: Shape, listing: &Listing) -> Result<Found<Replica>, Failure> {
    let (view, snapshot_bytes) = match listing.snapshot {
        None => (View::default(), 0),
        Some(number) => match snapshot::read(bucket, number).await? {
            Some(read) => read,
            None => return Ok(Err(names::snapshot(number))),
        },
    };
    let mut replica = Replica {
        shape,
        packed: view.number,
        packed_serial: view.head.serial,
        view,
        loose: VecDeque::new(),
        ends: BTreeMap::new(),
        snapshot_bytes,
        since_bytes: 0,
        due_after: 0,
    };
    let mut objects = std::pin::pin!(bucket.read_all(listing.packs.iter().map(|pack| pack.name())));
    for name in &listing.packs {
        let Some(object) = objects.try_next().await?.flatten() else {
            return Ok(Err(name.name()));
        };
        if let Err(missing) = replica.add_pack(bucket, *name, &object).await? {
            return Ok(Err(missing));
        }
    }
    Ok(replica.read_loose(bucket).await?.map(|()| replica))
}
