//! The session: one opening of the store, what it knows of the log, and the one way in which it writes.
//!
//! Why nobody writes what does not count, however long it sleeps:
//!
//! - A segment is put where there is none. Whoever begins to write, because it takes the lease or goes on under one that
//!   another opening took, does so at the number that the writer before would write next. That object is never
//!   deleted: the writer before meets it, whenever it wakes up.
//! - Between two such objects only one opening writes. If one of its own objects was packed and deleted, putting it
//!   again is putting the same bytes, which count already.
//! - Only two cases are left in which a number may be free although the log went on: the first put of whoever begins
//!   to write, which may have slept since it read the log, and the put after one of unknown outcome. After these the
//!   packs are listed: a number that lies in one was dead, and what was put there is nothing.

use bytes::Bytes;
use infra_model::journal::Epoch;

use crate::stores::object::bucket::{Bucket, Created};
use crate::stores::object::failure::Failure;
use crate::stores::object::names;
use crate::stores::object::replica::{Replica, Shape, list_packs};
use crate::stores::object::segment::{Entry, Segment};

/// One opening of the store.
#[derive(Debug)]
pub(super) struct Session {
    bucket: Bucket,
    shape: Shape,
    /// Tells this opening apart from all others.
    writer: String,
    replica: Option<Replica>,
    /// Whether the next number may be free although the log went on.
    in_doubt: bool,
}

/// What an attempt to write came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// The segment is in the log, and durable.
    InTheLog,
    /// The session learned something that it did not know. The write has to be judged anew.
    Overtaken,
}

impl Session {
    /// Returns a session that knows nothing yet.
    pub(super) fn new(bucket: Bucket, shape: Shape, writer: String) -> Self {
        Session {
            bucket,
            shape,
            writer,
            replica: None,
            in_doubt: false,
        }
    }

    /// Returns what the log said when it was last read.
    pub(super) async fn known(&mut self) -> Result<&mut Replica, Failure> {
        let replica = match self.replica.take() {
            Some(replica) => replica,
            None => Replica::open(&self.bucket, self.shape).await?,
        };
        Ok(self.replica.insert(replica))
    }

    /// Returns what the log says now.
    pub(super) async fn current(&mut self) -> Result<&mut Replica, Failure> {
        // Taken out while it is read, so that a reading which fails or is dropped half-way is not built upon.
        let replica = match self.replica.take() {
            None => Replica::open(&self.bucket, self.shape).await?,
            Some(mut replica) => match replica.catch_up(&self.bucket).await? {
                true => replica,
                false => Replica::open(&self.bucket, self.shape).await?,
            },
        };
        Ok(self.replica.insert(replica))
    }

    /// Tells whether this opening is the one that writes.
    pub(super) async fn is_writer(&mut self) -> Result<bool, Failure> {
        let writer = self.known().await?.view().writer.clone();
        Ok(writer == self.writer)
    }

    /// Writes entries after all that is known, under an epoch that was found to be in force.
    pub(super) async fn write(&mut self, epoch: Epoch, entries: Vec<Entry>) -> Result<Written, Failure> {
        let segment = Segment {
            epoch,
            writer: self.writer.clone(),
            entries,
        };
        if segment.is_fence() {
            // Whoever begins to write may have slept since it read the log.
            self.in_doubt = true;
        } else if !self.is_writer().await? {
            let resumed = Segment {
                entries: vec![Entry::Resumed],
                ..segment
            };
            self.in_doubt = true;
            self.put(&resumed).await?;
            return Ok(Written::Overtaken);
        }
        self.put(&segment).await
    }

    async fn put(&mut self, segment: &Segment) -> Result<Written, Failure> {
        let bucket = self.bucket.clone();
        let replica = self.known().await?;
        let (number, packed) = (replica.view().number + 1, replica.packed());
        let name = names::segment(number);
        let object = segment.encode(number)?;
        // Until it is known how this ends; a call that is dropped never learns it.
        let was_in_doubt = std::mem::replace(&mut self.in_doubt, true);
        match bucket.create(&name, &object).await? {
            Created::Other(found) => {
                self.take_in(found).await?;
                self.in_doubt = false;
                return Ok(Written::Overtaken);
            }
            Created::Ours if was_in_doubt => {
                let packs = list_packs(&bucket, packed).await?;
                if packs.last().is_some_and(|pack| pack.last >= number) {
                    // What was put stays: it may also be an earlier put of ours that counted in its time.
                    self.replica = None;
                    return Ok(Written::Overtaken);
                }
            }
            Created::Ours => {}
        }
        self.take_in(object).await?;
        self.in_doubt = false;
        Ok(Written::InTheLog)
    }

    async fn take_in(&mut self, object: Bytes) -> Result<(), Failure> {
        let Some(mut replica) = self.replica.take() else {
            return Ok(());
        };
        replica.take_in(&self.bucket, object).await?;
        self.replica = Some(replica);
        Ok(())
    }
}
