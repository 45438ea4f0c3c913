//! The PostgreSQL store: one schema in a database that a team has anyway, for any number of stacks and environments,
//! stores and machines.
//!
//! Every change is one transaction behind one lock, the row of the lease, where the writer's epoch is compared with the
//! one in force: a holder that was paused and taken over is refused by the server, whatever it believes. A commit that
//! was not answered is resolved by looking (`doubt`), never by hope.
//!
//! A task owns the connection. Calls send it what they want and wait; a call that is dropped while it waits may still be
//! carried out. Nothing is made in the database before somebody takes the lease: planning leaves no trace.
//!
//! `docs/decisions/postgres-store.md` says why it is built like this.

use std::fmt;

use async_trait::async_trait;
use infra_model::clock::Timestamp;
use infra_model::journal::{Commit, Epoch, HistoryEntry, Intent, IntentId};
use infra_model::record::Serial;
use infra_model::sealing::Secret;
use tokio::sync::{mpsc, oneshot};

use crate::archive::Archive;
use crate::contract::{Lease, LeaseRequest, State, StateHeader, Store, StoreError};
use crate::stores::postgres::address::Address;
use crate::stores::postgres::changing::{Acquire, Append, Apply, Initialize, Release, Renew, Restore, Write};
use crate::stores::postgres::locking::Place;
use crate::stores::postgres::session::Session;
use crate::stores::postgres::waiting::{Answer, Job, Waiter};

mod address;
mod changing;
mod connection;
mod doubt;
mod failure;
mod layout;
mod locking;
mod migrations;
mod reading;
mod session;
mod staging;
mod tls;
mod waiting;
mod writing;

/// Asks for the store of an environment in a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenRequest {
    /// `postgres://user:password@host:port/database`, with parameters as `psql` knows them; `schema` names the schema
    /// of the tables, `infra` if it is absent.
    pub url: Secret,
    /// The stack.
    pub stack: String,
    /// The environment.
    pub environment: String,
}

/// Whose clock tells when a lease is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseClock {
    /// The server's: holders whose clocks are wrong neither lose a lease early nor keep it from others for long.
    Server,
    /// The caller's, as requests say: for simulated worlds, where time passes as the test wants.
    Caller,
}

/// A store in a database.
pub struct PostgresStore {
    name: String,
    jobs: mpsc::UnboundedSender<Job>,
}

/// Opens the store of an environment. The tables are made when its lease is first taken.
///
/// # Errors
///
/// When the URL is wrong, the server cannot be reached or refuses, or a newer engine made the tables.
pub async fn open(request: &OpenRequest) -> Result<PostgresStore, StoreError> {
    open_with(request, LeaseClock::Server).await
}

/// Opens the store of an environment, with leases judged by a clock of one's choice. All who share an environment must
/// choose the same.
///
/// # Errors
///
/// As [`open`].
pub async fn open_with(request: &OpenRequest, clock: LeaseClock) -> Result<PostgresStore, StoreError> {
    let address = Address::parse(&request.url).map_err(|error| StoreError::Io {
        attempt: "opened",
        source: Box::new(error),
    })?;
    let name = address.name.clone();
    let place = Place {
        address,
        stack: request.stack.clone(),
        environment: request.environment.clone(),
    };
    let session = Session::open(place, clock).await?;
    let (jobs, queue) = mpsc::unbounded_channel();
    tokio::spawn(waiting::serve(session, queue));
    Ok(PostgresStore { name, jobs })
}

impl PostgresStore {
    async fn write<W: Write>(&self, write: W) -> Result<W::Answer, StoreError>
    where
        W::Answer: Sync,
    {
        self.ask(|answer| Job::Write(Box::new(Waiter::new(write, answer))))
            .await
    }

    async fn ask<T>(&self, job: impl FnOnce(Answer<T>) -> Job) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let sent = self.jobs.send(job(answer));
        sent.map_err(|_| self.stopped())?;
        answered.await.unwrap_or_else(|_| Err(self.stopped()))
    }

    /// The task ends before the store only if it panics or its runtime goes.
    fn stopped(&self) -> StoreError {
        StoreError::Io {
            attempt: "reached",
            source: format!("`{}`: the task that speaks with the server has ended", self.name).into(),
        }
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PostgresStore").field(&self.name).finish()
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn load(&self) -> Result<Option<State>, StoreError> {
        self.ask(Job::Load).await
    }

    async fn initialize(&self, epoch: Epoch, header: &StateHeader) -> Result<(), StoreError> {
        self.write(Initialize(epoch, header.clone())).await
    }

    async fn restore(&self, epoch: Epoch, archive: &Archive) -> Result<(), StoreError> {
        self.write(Restore(epoch, archive.clone())).await
    }

    async fn acquire(&self, request: &LeaseRequest) -> Result<Lease, StoreError> {
        self.write(Acquire(request.clone())).await
    }

    async fn renew(&self, lease: &Lease, now: Timestamp) -> Result<Lease, StoreError> {
        self.write(Renew(lease.clone(), now)).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.write(Release(lease.clone())).await
    }

    async fn append(&self, epoch: Epoch, intent: &Intent) -> Result<IntentId, StoreError> {
        self.write(Append(epoch, intent.clone())).await
    }

    async fn commit(&self, epoch: Epoch, commit: &Commit) -> Result<Serial, StoreError> {
        self.write(Apply(epoch, commit.clone())).await
    }

    async fn history(&self, from: Serial) -> Result<Vec<HistoryEntry>, StoreError> {
        self.ask(|answer| Job::History(from, answer)).await
    }
}
