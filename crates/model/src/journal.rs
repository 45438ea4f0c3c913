//! The journal: an intent before each provider call, an outcome after it, and the history they leave.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::plan::{Action, StepId};
use crate::record::{Record, RecordKey, Serial};

/// The number that a holder of the lease writes with; a store refuses a lower one than it has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub u64);

/// The place of an intent in the journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IntentId(pub u64);

/// Names one attempt to change one object; sent to providers that take a client token, written into tags at
/// creation by those that do not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(pub String);

/// What is about to be done, durable before the provider hears of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// The plan.
    pub plan: Digest,
    /// The step of the plan.
    pub step: StepId,
    /// The record that will change.
    pub key: RecordKey,
    /// The action with all references replaced by outputs, secrets sealed: what recovery needs, and all of it.
    pub action: Action,
    /// The token of the call.
    pub token: Token,
    /// When.
    pub at: Timestamp,
}

/// An intent of which no outcome is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenIntent {
    /// Its place in the journal.
    pub id: IntentId,
    /// The epoch that wrote it.
    pub epoch: Epoch,
    /// What was about to be done.
    pub intent: Intent,
}

/// How a provider call ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Done,
    /// The provider proves that nothing happened.
    Rejected {
        /// Why, without secrets.
        message: String,
    },
    /// An observation closed it after nobody knew.
    Resolved {
        /// What the observation said.
        finding: Finding,
    },
}

/// What an observation says about an intent of unknown outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// The object exists and was taken into the state.
    Adopted,
    /// The object exists half-made and was taken into the state to be replaced.
    AdoptedHalfMade,
    /// No object exists.
    NothingMade,
    /// The object is gone.
    Gone,
    /// The object still exists as the record says or otherwise; the next plan will tell.
    StillThere,
}

/// One atomic change of a state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Commit {
    /// The intent that this closes and how.
    pub closes: Option<(IntentId, Outcome)>,
    /// Records that change.
    pub changes: Vec<RecordChange>,
    /// A measured duration: type of resource, action, milliseconds.
    pub duration: Option<(String, String, u64)>,
    /// That the state leaves this store or arrives in it. Such a commit changes nothing else.
    pub relocation: Option<Relocation>,
    /// On whose behalf.
    pub operation: Operation,
    /// When.
    pub at: Timestamp,
}

/// A state goes from one store to another. Both say so in their histories.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relocation {
    /// The place that it leaves, for people.
    pub from: String,
    /// The place that it goes to.
    pub to: String,
}

impl Commit {
    /// Tells whether a create was done and is recorded by this. One whose answer got lost and that was found to have
    /// happened is not among these: an update is found in the same way.
    #[must_use]
    pub fn makes(&self) -> bool {
        let is_done = matches!(self.closes, Some((_, Outcome::Done)));
        let measured = self.duration.as_ref();
        is_done && measured.is_some_and(|(_, action, _)| action == "create")
    }
}

/// A change of one record.
#[derive(Clone, Debug, PartialEq)]
pub enum RecordChange {
    /// Writes the record under its key.
    Put(Box<Record>),
    /// Removes the record.
    Remove(RecordKey),
}

impl RecordChange {
    /// Returns the key of the record.
    #[must_use]
    pub fn key(&self) -> &RecordKey {
        match self {
            RecordChange::Put(record) => &record.key,
            RecordChange::Remove(key) => key,
        }
    }
}

/// On whose behalf a state changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// Tells the operations of a state apart.
    pub id: String,
    /// The command: `apply`, `destroy`, `state mv`, …
    pub command: String,
    /// Who ran it: `user@host`.
    pub who: String,
    /// The plan that was applied.
    pub plan: Option<Digest>,
}

/// An entry of the history: append-only, each holding the digest of the one before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// The serial that the state had afterwards.
    pub serial: Serial,
    /// The digest of the entry before; of nothing for the first.
    pub previous: Digest,
    /// When.
    pub at: Timestamp,
    /// On whose behalf.
    pub operation: Operation,
    /// The epoch that wrote it.
    pub epoch: Epoch,
    /// What changed.
    pub changes: Vec<HistoryChange>,
    /// The outcome that the commit closed an intent with.
    pub outcome: Option<Outcome>,
    /// Whether a create was done and is recorded by this, see [`Commit::makes`]. The identity does not tell: where that is a
    /// name, an object that vanished and was made again has the same. Entries of before this was kept do not say it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub made: bool,
    /// That the state left one store for another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relocation: Option<Relocation>,
}

/// A change of one record in the history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryChange {
    /// The record.
    pub key: RecordKey,
    /// What it is afterwards; none if it was removed. Secrets are sealed.
    pub after: Option<Box<Record>>,
}
