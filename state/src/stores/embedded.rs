//! The embedded store: one folder on this machine, one process at a time.
//!
//! sled keeps the values. It is boxed here, because it is old and asks for care: only `database` names it, and
//! around it stand our own format (`folder`), our own checksums (`layout`), a mark that notices lost changes
//! and altered files (`mark`), and a real sync of every batch.
//!
//! A thread owns the store. Calls send it closures and wait; all writes that have gathered while the last batch was
//! synced become the next one, so that many steps of an apply share a sync. A call that is dropped while it waits
//! may still be carried out.
//!
//! Nothing is made on the disk before somebody takes the lease: planning in a fresh clone leaves no trace.

use std::path::PathBuf;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use async_trait::async_trait;
use infra_model::clock::Timestamp;
use infra_model::journal::{Commit, Epoch, HistoryEntry, Intent, IntentId};
use infra_model::record::Serial;
use tokio::sync::oneshot;

use crate::archive::Archive;
use crate::contract::{Lease, LeaseRequest, State, StateHeader, Store, StoreError};
use crate::stores::embedded::session::Session;
use crate::stores::embedded::thread_loop::Job;

mod changing;
mod database;
mod failure;
mod fingerprint;
mod folder;
mod layout;
mod mark;
mod opened;
mod reading;
mod session;
mod settling;
mod thread_loop;

#[cfg(test)]
mod tests;

/// The name of the thread that owns a store. sled may panic on a damaged file: that is caught there and reported as
/// [`StoreError::Damaged`], so whoever prints panics may leave this thread out.
pub const THREAD: &str = "infra-state";

/// Asks for the store in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenRequest {
    /// The folder. It need not exist.
    pub path: PathBuf,
    /// Who asks, for others who find it open: `user@host, process 4711`.
    pub holder: String,
    /// The time now.
    pub now: Timestamp,
}

/// A store in a folder of this machine. Dropping it closes it, which may take a moment.
#[derive(Debug)]
pub struct EmbeddedStore {
    path: PathBuf,
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

/// Opens the store in a folder; if there is none, an empty one that is made when its lease is taken.
///
/// # Errors
///
/// [`StoreError::Held`] when another process has it; when it is damaged or newer, in which case nothing was touched.
pub fn open(request: &OpenRequest) -> Result<EmbeddedStore, StoreError> {
    let (jobs, queue) = mpsc::channel();
    let (opened, answer) = mpsc::channel();
    let owned = request.clone();
    let thread = thread::Builder::new()
        .name(THREAD.to_owned())
        .spawn(move || thread_loop::run(&owned, &opened, &queue))
        .map_err(|error| StoreError::Io {
            attempt: "opened",
            source: Box::new(error),
        })?;
    let store = EmbeddedStore {
        path: request.path.clone(),
        jobs: Some(jobs),
        thread: Some(thread),
    };
    match answer.recv() {
        Ok(Ok(())) => Ok(store),
        Ok(Err(failure)) => Err(failure.into()),
        Err(mpsc::RecvError) => Err(store.stopped()),
    }
}

impl EmbeddedStore {
    /// Reads after everything that was asked before is written.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut Session) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.send(Job::Read(Box::new(move |session| {
            let result = session
                .attach()
                .map_err(StoreError::from)
                .and_then(|()| read(session));
            let _ = answer.send(result);
        })))?;
        answered.await.unwrap_or_else(|_| Err(self.stopped()))
    }

    /// Writes in the next batch, and returns when it is on the disk.
    async fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&mut Session) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.send(Job::Write(Box::new(move |session| {
            match session
                .attach()
                .map_err(StoreError::from)
                .and_then(|()| write(session))
            {
                Err(error) => {
                    let _ = answer.send(Err(error));
                    None
                }
                Ok(value) => Some(Box::new(move |written| {
                    let _ = answer.send(written.map(|()| value).map_err(StoreError::from));
                })),
            }
        })))?;
        answered.await.unwrap_or_else(|_| Err(self.stopped()))
    }

    fn send(&self, job: Job) -> Result<(), StoreError> {
        let sent = self.jobs.as_ref().map(|jobs| jobs.send(job));
        sent.and_then(Result::ok).ok_or_else(|| self.stopped())
    }

    /// The thread ended by a panic, which sled's reading of damaged files does.
    fn stopped(&self) -> StoreError {
        StoreError::Damaged {
            what: format!("the database cannot be read, in `{}`", self.path.display()),
        }
    }
}

impl Drop for EmbeddedStore {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[async_trait]
impl Store for EmbeddedStore {
    async fn load(&self) -> Result<Option<State>, StoreError> {
        self.read(reading::load).await
    }

    async fn initialize(&self, epoch: Epoch, header: &StateHeader) -> Result<(), StoreError> {
        let header = header.clone();
        self.write(move |session| changing::initialize(session, epoch, &header))
            .await
    }

    async fn restore(&self, epoch: Epoch, archive: &Archive) -> Result<(), StoreError> {
        let archive = archive.clone();
        self.write(move |session| changing::restore(session, epoch, &archive))
            .await
    }

    async fn acquire(&self, request: &LeaseRequest) -> Result<Lease, StoreError> {
        let request = request.clone();
        self.write(move |session| changing::acquire(session, &request))
            .await
    }

    async fn renew(&self, lease: &Lease, now: Timestamp) -> Result<Lease, StoreError> {
        let lease = lease.clone();
        self.write(move |session| changing::renew(session, &lease, now))
            .await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        let lease = lease.clone();
        self.write(move |session| changing::release(session, &lease))
            .await
    }

    async fn append(&self, epoch: Epoch, intent: &Intent) -> Result<IntentId, StoreError> {
        let intent = intent.clone();
        self.write(move |session| changing::append(session, epoch, &intent))
            .await
    }

    async fn commit(&self, epoch: Epoch, commit: &Commit) -> Result<Serial, StoreError> {
        let commit = commit.clone();
        self.write(move |session| changing::commit(session, epoch, &commit))
            .await
    }

    async fn history(&self, from: Serial) -> Result<Vec<HistoryEntry>, StoreError> {
        self.read(move |session| reading::history(session, from)).await
    }
}
