//! The contract of a state store: read, lease, append, commit, history.
//!
//! What makes the engine safe against crashes is written here, method by method: which calls are durable when they
//! return, and which must refuse.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use infra_model::clock::Timestamp;
use infra_model::journal::{Commit, Epoch, HistoryEntry, Intent, IntentId, OpenIntent};
use infra_model::record::{RecordEntry, RecordKey, Serial};
use infra_model::snapshot::{Durations, Lineage};
use serde::{Deserialize, Serialize};

use crate::archive::Archive;

/// The version of the layout of states. A store refuses a higher one and never writes to it.
pub const STATE_FORMAT: u32 = 1;

/// Remembers one environment.
///
/// Every write carries the epoch of the writer's lease; a store that has seen a higher one refuses with
/// [`StoreError::Fenced`], so that a holder which was paused beyond its lease cannot write anything.
#[async_trait]
pub trait Store: Send + Sync + fmt::Debug {
    /// Returns what is remembered, or nothing when nothing was ever written.
    ///
    /// Needs no lease: readers see the last committed state. Every record's checksum is verified.
    ///
    /// # Errors
    ///
    /// When it is damaged, newer, or cannot be reached.
    async fn load(&self) -> Result<Option<State>, StoreError>;

    /// Writes the header of a new state. Durable when it returns.
    ///
    /// # Errors
    ///
    /// When there is a state already, or the epoch is old.
    async fn initialize(&self, epoch: Epoch, header: &StateHeader) -> Result<(), StoreError>;

    /// Fills a store with an archive, whole or not at all. Durable when it returns. The state's standing is that of
    /// the archive; a state that is not in force here makes room.
    ///
    /// # Errors
    ///
    /// When there is a state in force already, the epoch is old, or the archive is newer.
    async fn restore(&self, epoch: Epoch, archive: &Archive) -> Result<(), StoreError>;

    /// Takes the lease, if nobody holds it or the holder's time is over. Durable when it returns; the new epoch is
    /// higher than any before.
    ///
    /// # Errors
    ///
    /// [`StoreError::Held`] with the holder and the time until which it holds.
    async fn acquire(&self, request: &LeaseRequest) -> Result<Lease, StoreError>;

    /// Prolongs the lease to `now` plus its duration.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] when somebody else took it.
    async fn renew(&self, lease: &Lease, now: Timestamp) -> Result<Lease, StoreError>;

    /// Gives the lease back. Giving back what is no longer held is success.
    ///
    /// # Errors
    ///
    /// When the store cannot be reached.
    async fn release(&self, lease: &Lease) -> Result<(), StoreError>;

    /// Appends an intent. Durable when it returns: only then may the provider be called.
    ///
    /// # Errors
    ///
    /// When the epoch is old, the state is not in force, the disk is full, or the store cannot be reached.
    async fn append(&self, epoch: Epoch, intent: &Intent) -> Result<IntentId, StoreError>;

    /// Applies one change as a whole: closes an intent, changes records, learns a duration, appends to the history,
    /// raises the serial. Durable when it returns: only then are dependents released.
    ///
    /// A relocation takes a state that is in force out of force, and puts one that has arrived in force.
    ///
    /// # Errors
    ///
    /// When the epoch is old, the state is not in force, a record holds a secret in clear, the disk is full, or the
    /// store cannot be reached. Then nothing of it was applied.
    async fn commit(&self, epoch: Epoch, commit: &Commit) -> Result<Serial, StoreError>;

    /// Returns history entries, newest last, from the given serial on.
    ///
    /// # Errors
    ///
    /// When an entry is damaged or the store cannot be reached.
    async fn history(&self, from: Serial) -> Result<Vec<HistoryEntry>, StoreError>;
}

/// What is remembered of an environment.
#[derive(Clone, Debug)]
pub struct State {
    /// What never changes.
    pub header: StateHeader,
    /// The number of the last change.
    pub serial: Serial,
    /// The records.
    pub records: BTreeMap<RecordKey, RecordEntry>,
    /// Intents without an outcome, oldest first.
    pub open_intents: Vec<OpenIntent>,
    /// Learned durations.
    pub durations: Durations,
    /// Whether this is the state in force.
    pub standing: Standing,
}

/// Whether a state is the one in force. Of the copies of a state in several stores at most one is, at any moment of
/// a move: the copy arrives, the old one is left, and only then is the copy put in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It is.
    #[default]
    InForce,
    /// It is on its way here. The one that it is copied from is in force, or was left already.
    Arriving {
        /// Where it comes from, for people.
        from: String,
    },
    /// It went elsewhere. What is here is what it was then.
    Moved {
        /// Where it is now, for people.
        to: String,
    },
}

impl Standing {
    /// Refuses a state that is not in force.
    ///
    /// # Errors
    ///
    /// [`StoreError::Arriving`] or [`StoreError::Moved`].
    pub fn require(&self) -> Result<(), StoreError> {
        match self {
            Standing::InForce => Ok(()),
            Standing::Arriving { from } => Err(StoreError::Arriving { from: from.clone() }),
            Standing::Moved { to } => Err(StoreError::Moved { to: to.clone() }),
        }
    }

    /// Tells whether it is in force.
    #[must_use]
    pub fn is_in_force(&self) -> bool {
        *self == Standing::InForce
    }
}

/// What never changes about a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateHeader {
    /// The version of the layout.
    pub format: u32,
    /// The identity of the state.
    pub lineage: Lineage,
    /// The stack.
    pub stack: String,
    /// The environment.
    pub environment: String,
    /// The data key, wrapped for whoever may open it.
    pub wrapped_key: String,
}

/// Asks for the lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseRequest {
    /// Who asks: `user@host, process 4711`.
    pub holder: String,
    /// The time now.
    pub now: Timestamp,
    /// For how long, unless renewed.
    pub duration: Duration,
}

/// A lock with an expiry and a fencing epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Who holds it.
    pub holder: String,
    /// Until when, unless renewed.
    pub until: Timestamp,
    /// For how long it is prolonged.
    pub duration: Duration,
    /// The number that every write carries.
    pub epoch: Epoch,
}

/// A store refuses or fails.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else holds the lease.
    #[error("`{holder}` holds the lease until {until}")]
    Held {
        /// Who.
        holder: String,
        /// Until when, unless renewed.
        until: Timestamp,
    },
    /// The writer's lease was taken over.
    #[error("{}", taken_over(*ours, *current, by))]
    Fenced {
        /// The writer's epoch.
        ours: Epoch,
        /// The epoch in force.
        current: Epoch,
        /// Who took it.
        by: String,
    },
    /// There is a state already.
    #[error("There is a state already")]
    AlreadyInitialized,
    /// The state went to another store.
    #[error("The state was moved to `{to}`")]
    Moved {
        /// Where it is now.
        to: String,
    },
    /// The state is still on its way here.
    #[error("The state is being moved here from `{from}`, and that was not finished")]
    Arriving {
        /// Where it comes from.
        from: String,
    },
    /// A newer engine wrote the state.
    #[error("The state has format {found}, this engine reads up to {STATE_FORMAT}")]
    Newer {
        /// The format found.
        found: u32,
    },
    /// Something in the state is damaged.
    #[error("The state is damaged: {what}")]
    Damaged {
        /// What and where.
        what: String,
    },
    /// The value cannot be written.
    #[error("The change cannot be written: {what}")]
    Unwritable {
        /// Why.
        what: String,
    },
    /// The disk is full.
    #[error("The disk that holds the state is full: {path}")]
    Full {
        /// Where.
        path: String,
    },
    /// The store cannot be reached or fails.
    #[error("The state cannot be {attempt}")]
    Io {
        /// What was attempted: `read`, `written`.
        attempt: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Returns the sentence that tells a holder who took its lease.
#[must_use]
pub fn taken_over(ours: Epoch, current: Epoch, by: &str) -> String {
    format!(
        "`{by}` took over: our lease had epoch {}, now epoch {} is in force",
        ours.0, current.0
    )
}

impl StoreError {
    /// Returns what the user can do about it, if there is anything.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            StoreError::Held { .. } => {
                "Wait for the holder to finish; a holder that died loses the lease by itself"
            }
            StoreError::Fenced { .. } => "Run the command again: it plans from what the other run left",
            StoreError::Moved { .. } => "Name that store in the stack, in the block `store`",
            StoreError::Arriving { .. } => "Finish it with: infra state migrate ENVIRONMENT",
            StoreError::Newer { .. } => "Use an engine at least as new as the one that wrote the state",
            StoreError::Damaged { .. } => {
                "Begin anew from the last archive, in an empty place, and keep the damaged one: infra help state push"
            }
            StoreError::Full { .. } => "Free some space and run the command again: nothing is lost",
            StoreError::Io { .. } => {
                "Check that its address is right, that it can be reached, and that you may read and write there; then run the command again"
            }
            StoreError::AlreadyInitialized | StoreError::Unwritable { .. } => return None,
        })
    }
}
