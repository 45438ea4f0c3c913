//! The lease of an environment: taken before anything is read to be changed, renewed by a task of its own, given
//! back at every end.
//!
//! The store refuses writes of an old epoch, so a lost lease cannot do harm; it is noticed here so that no new call
//! begins and the user learns why.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use infra_model::clock::{Clock, Timestamp};
use infra_model::event::{Event, Observer};
use infra_model::journal::Epoch;
use infra_state::contract::{Lease, LeaseRequest, Store, StoreError, taken_over};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::interrupt::Interrupt;

/// How often to look whether a holder gave the lease back early.
const POLL: Duration = Duration::from_millis(500);

/// How long the store is asked who took a lease that ran out: it is for people, and nothing hangs on it.
const INQUIRY: Duration = Duration::from_secs(5);

/// Asks for the lease.
#[derive(Clone)]
pub struct HoldRequest {
    /// Where it is kept.
    pub store: Arc<dyn Store>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Hears whom we wait for.
    pub observer: Arc<dyn Observer>,
    /// Who asks: `user@host, process 4711`.
    pub holder: String,
    /// For how long it holds unless renewed.
    pub duration: Duration,
    /// What to do while somebody else holds it.
    pub patience: Patience,
    /// Ends the wait.
    pub interrupt: Interrupt,
}

impl fmt::Debug for HoldRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HoldRequest")
            .field("holder", &self.holder)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

/// What to do while somebody else holds the lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Give up at once.
    None,
    /// Wait so long.
    For(Duration),
    /// Wait until it is free.
    Forever,
}

/// The lease could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    /// Somebody holds it, or the store fails.
    #[error("The environment cannot be taken")]
    Store(#[from] StoreError),
    /// The user stopped waiting.
    #[error("Interrupted while waiting for the environment")]
    Interrupted,
}

/// The lease is no longer ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeaseLost {
    /// Somebody else took it.
    #[error("{}", taken_over(*ours, *current, by))]
    TakenOver {
        /// Our epoch.
        ours: Epoch,
        /// The epoch in force.
        current: Epoch,
        /// Who took it.
        by: String,
    },
    /// It could not be renewed in time.
    #[error("The lease ran out at {until} and could not be renewed")]
    RanOut {
        /// When it ended.
        until: Timestamp,
    },
}

/// A lease that is held and renewed. Dropping it stops the renewal and leaves the lease to run out, as a killed
/// process does; [`release`] gives it back.
#[derive(Debug)]
pub struct Holding {
    store: Arc<dyn Store>,
    epoch: Epoch,
    status: watch::Receiver<Status>,
    heartbeat: JoinHandle<()>,
}

#[derive(Clone, Debug)]
enum Status {
    Held(Lease),
    TakenOver(Lease, LeaseLost),
}

impl Holding {
    /// Returns the number that every write carries.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Checks that the lease is still ours.
    ///
    /// # Errors
    ///
    /// When somebody took it or its time is over, as after a long sleep of the machine.
    pub fn check(&self, now: Timestamp) -> Result<(), LeaseLost> {
        match &*self.status.borrow() {
            Status::TakenOver(_, lost) => Err(lost.clone()),
            Status::Held(lease) if now >= lease.until => Err(LeaseLost::RanOut { until: lease.until }),
            Status::Held(_) => Ok(()),
        }
    }

    /// Asks the store who took a lease that ran out. A process that was stopped knows by its clock that it is too late,
    /// and nothing more. Where nobody took it, or the store does not say, it stays as it was.
    pub(crate) async fn inquire(&self, lost: LeaseLost, now: Timestamp) -> LeaseLost {
        let lease = match &*self.status.borrow() {
            Status::Held(lease) => lease.clone(),
            Status::TakenOver(_, lost) => return lost.clone(),
        };
        match tokio::time::timeout(INQUIRY, self.store.renew(&lease, now)).await {
            Ok(Err(StoreError::Fenced { ours, current, by })) => LeaseLost::TakenOver { ours, current, by },
            _ => lost,
        }
    }

    /// Waits until somebody else takes the lease.
    pub(crate) async fn taken_over(&self) {
        let lost = |status: &Status| matches!(status, Status::TakenOver(..));
        if self.status.clone().wait_for(lost).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        self.heartbeat.abort();
    }
}

/// What a run under the lease gave, and whether the lease could be given back.
#[derive(Debug)]
pub struct Held<T> {
    /// What the run gave.
    pub value: T,
    /// Whether the lease could be given back; otherwise it runs out by itself.
    pub released: Result<(), StoreError>,
}

/// Takes the lease, does `work` and gives the lease back, whatever the work's result.
///
/// # Errors
///
/// When the lease cannot be taken; then no work was done.
pub async fn hold<T>(
    request: HoldRequest,
    work: impl AsyncFnOnce(&Holding) -> T,
) -> Result<Held<T>, HoldError> {
    let holding = acquire(request).await?;
    let value = work(&holding).await;
    let released = release(holding).await;
    Ok(Held { value, released })
}

/// Takes the lease and renews it at a third of its duration until it is released or dropped.
///
/// # Errors
///
/// When somebody holds it for longer than the patience lasts, the user interrupts, or the store fails.
pub async fn acquire(request: HoldRequest) -> Result<Holding, HoldError> {
    let lease = wait_for_lease(&request).await?;
    let epoch = lease.epoch;
    let (sender, status) = watch::channel(Status::Held(lease.clone()));
    let beat = beat(
        Arc::clone(&request.store),
        Arc::clone(&request.clock),
        lease,
        sender,
    );
    let heartbeat = tokio::spawn(beat);
    Ok(Holding {
        store: request.store,
        epoch,
        status,
        heartbeat,
    })
}

/// Gives the lease back.
///
/// # Errors
///
/// When the store cannot be reached; then the lease runs out by itself.
pub async fn release(mut holding: Holding) -> Result<(), StoreError> {
    holding.heartbeat.abort();
    // A renewal on its way must not come after the release; the error says only that the task was aborted.
    let _ = (&mut holding.heartbeat).await;
    let lease = match &*holding.status.borrow() {
        Status::Held(lease) | Status::TakenOver(lease, _) => lease.clone(),
    };
    holding.store.release(&lease).await
}

async fn wait_for_lease(request: &HoldRequest) -> Result<Lease, HoldError> {
    let began = request.clock.now();
    let mut told = None;
    loop {
        let now = request.clock.now();
        let ask = LeaseRequest {
            holder: request.holder.clone(),
            now,
            duration: request.duration,
        };
        let (holder, until) = match request.store.acquire(&ask).await {
            Err(StoreError::Held { holder, until }) => (holder, until),
            answer => return Ok(answer?),
        };
        let exhausted = match request.patience {
            Patience::None => true,
            Patience::For(patience) => now.since(began) >= patience,
            Patience::Forever => false,
        };
        if exhausted {
            return Err(StoreError::Held { holder, until }.into());
        }
        if told.as_ref() != Some(&holder) {
            request.observer.on_event(&Event::LeaseAwaited {
                holder: holder.clone(),
                until,
            });
            told = Some(holder);
        }
        tokio::select! {
            biased;
            () = request.interrupt.raised() => return Err(HoldError::Interrupted),
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

/// Renews the lease until somebody else has it.
async fn beat(store: Arc<dyn Store>, clock: Arc<dyn Clock>, mut lease: Lease, status: watch::Sender<Status>) {
    loop {
        tokio::time::sleep(lease.duration / 3).await;
        match store.renew(&lease, clock.now()).await {
            Ok(renewed) => {
                lease = renewed;
                status.send_replace(Status::Held(lease.clone()));
            }
            Err(StoreError::Fenced { ours, current, by }) => {
                let lost = LeaseLost::TakenOver { ours, current, by };
                status.send_replace(Status::TakenOver(lease, lost));
                return;
            }
            // A store that fails now may work at the next beat; until the lease runs out nothing is lost.
            Err(_) => {}
        }
    }
}
