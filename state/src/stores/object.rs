//! The object store: S3, Azure Blob or a folder, for teams and for machines that come and go.
//!
//! Everything is one log of numbered objects, each put where there is none: leases, intents, changes. So exactly one
//! of two writers gets each number, and whoever takes the lease ends the holder's log with the same request
//! ([`session`] says why a holder that slept cannot write). A change is one small object whatever the size of the
//! state. Now and then segments become packs and snapshots ([`compaction`]), which are functions of the log and can be
//! made by anybody at any time.
//!
//! Only puts if absent, gets, lists and deletes are asked of the service, so that all services, and a folder, have the
//! same protocol.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use infra_model::clock::Timestamp;
use infra_model::journal::{Commit, Epoch, HistoryEntry, Intent, IntentId};
use infra_model::record::Serial;
use infra_model::sealing::Secret;

use crate::archive::Archive;
use crate::contract::{Lease, LeaseRequest, State, StateHeader, Store, StoreError};
use crate::rules;
use crate::stores::object::bucket::Bucket;
use crate::stores::object::failure::Failure;
use crate::stores::object::replica::Shape;
use crate::stores::object::segment::Entry;
use crate::stores::object::session::{Session, Written};
use crate::stores::object::view::View;
use crate::stores::object::writing::Request;

mod archived;
mod bucket;
mod cause;
mod compaction;
pub mod connect;
mod failure;
mod frame;
mod leasing;
mod names;
mod pack;
mod reading;
mod replica;
mod segment;
mod session;
mod snapshot;
mod staging;
mod view;
mod writing;

#[cfg(test)]
mod tests;

/// 256 segments are read in a moment, and a pack of them is still small. Parts of 8 MiB pass within the time of one
/// request on a slow line.
const SHAPE: Shape = Shape {
    pack: 256,
    part_bytes: 8 * 1024 * 1024,
};

/// Asks for the store at a place in object storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenRequest {
    /// The bucket, container or folder, and a prefix within it: `s3://bucket/prefix`, `az://container/prefix`,
    /// `file:///folder`. It must exist; what is below the prefix need not.
    pub url: String,
    /// How to reach it, under the names that [`connect::knows`] knows: `aws_region`, `aws_access_key_id`, …
    pub options: BTreeMap<String, Secret>,
    /// Which environment, below the prefix: `<stack>/<environment>`.
    pub path: String,
}

/// A store in object storage. Clones share one opening.
#[derive(Clone)]
pub struct ObjectStore {
    shared: Arc<Shared>,
}

impl fmt::Debug for ObjectStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ObjectStore")
            .field(&self.shared.bucket.place())
            .finish()
    }
}

/// Opens the store at a place. Nothing is read or written yet.
///
/// # Errors
///
/// When the address or an option cannot be understood, or a folder does not exist.
pub async fn open(request: &OpenRequest) -> Result<ObjectStore, StoreError> {
    let bucket = connect::connect(request).await?;
    ObjectStore::over(bucket, SHAPE)
}

/// One opening of the store.
struct Shared {
    bucket: Bucket,
    shape: Shape,
    session: tokio::sync::Mutex<Session>,
    compacting: tokio::sync::Mutex<()>,
    waiting: Mutex<Vec<Request>>,
}

impl ObjectStore {
    fn over(bucket: Bucket, shape: Shape) -> Result<Self, StoreError> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|error| StoreError::Io {
            attempt: "opened",
            source: Box::new(error),
        })?;
        let writer = data_encoding::HEXLOWER.encode(&random);
        let shared = Shared {
            session: tokio::sync::Mutex::new(Session::new(bucket.clone(), shape, writer)),
            bucket,
            shape,
            compacting: tokio::sync::Mutex::default(),
            waiting: Mutex::default(),
        };
        Ok(ObjectStore {
            shared: Arc::new(shared),
        })
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Vec<Request>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_waiting(&self, count: usize) -> Vec<Request> {
        let mut waiting = self.waiting();
        let count = count.min(waiting.len());
        waiting.drain(..count).collect()
    }

    /// Returns a failure as callers see it.
    fn told(&self, failure: Failure) -> StoreError {
        failure.within(self.bucket.place()).into()
    }

    /// Writes a segment of its own, if what the log says leads to one, and returns what goes with it.
    async fn write_alone<T>(
        &self,
        judge: impl Fn(&View) -> Result<(Option<Entry>, T), StoreError>,
    ) -> Result<T, StoreError> {
        let mut session = self.session.lock().await;
        loop {
            let view = session.known().await.map_err(|error| self.told(error))?.view();
            let epoch = view.head.epoch;
            let (entry, value) = judge(view)?;
            let Some(entry) = entry else {
                return Ok(value);
            };
            let written = session.write(epoch, vec![entry]).await;
            if written.map_err(|error| self.told(error))? == Written::InTheLog {
                return Ok(value);
            }
        }
    }
}

#[async_trait]
impl Store for ObjectStore {
    async fn load(&self) -> Result<Option<State>, StoreError> {
        let mut session = self.shared.session.lock().await;
        let replica = session.current().await;
        replica.map_err(|error| self.shared.told(error))?.view().state()
    }

    async fn initialize(&self, epoch: Epoch, header: &StateHeader) -> Result<(), StoreError> {
        let judge = |view: &View| {
            rules::begin(&view.head, view.header.as_ref(), epoch, header)?;
            Ok((Some(Entry::Begun(header.clone())), ()))
        };
        self.shared.write_alone(judge).await
    }

    async fn restore(&self, epoch: Epoch, archive: &Archive) -> Result<(), StoreError> {
        let judge = |view: &View| rules::refill(&view.head, view.header.as_ref(), epoch, archive).map(drop);
        // A refusal comes before anything is written.
        self.shared.write_alone(|view| Ok((None, judge(view)?))).await?;
        let written = archived::write(&self.shared.bucket, archive, self.shared.shape.part_bytes).await;
        let restored = written.map_err(|error| self.shared.told(error))?;
        self.shared
            .write_alone(|view| Ok((Some(Entry::Restored(restored.clone())), judge(view)?)))
            .await
    }

    async fn acquire(&self, request: &LeaseRequest) -> Result<Lease, StoreError> {
        self.shared.acquire(request).await
    }

    async fn renew(&self, lease: &Lease, now: Timestamp) -> Result<Lease, StoreError> {
        self.shared.renew(lease, now).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.shared.release(lease).await
    }

    async fn append(&self, epoch: Epoch, intent: &Intent) -> Result<IntentId, StoreError> {
        writing::append(&self.shared, epoch, intent).await
    }

    async fn commit(&self, epoch: Epoch, commit: &Commit) -> Result<Serial, StoreError> {
        writing::commit(&self.shared, epoch, commit).await
    }

    async fn history(&self, from: Serial) -> Result<Vec<HistoryEntry>, StoreError> {
        let read = reading::history(&self.shared, from).await;
        read.map_err(|error| self.shared.told(error))
    }
}
