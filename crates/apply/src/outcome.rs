//! What a run did, what it could not do, and why: a value, whatever happened.

use std::time::Duration;

use infra_model::address::Address;
use infra_model::clock::Timestamp;
use infra_model::plan::StepId;
use infra_model::record::{ObjectId, RecordError, RecordKey, Serial};
use infra_model::snapshot::Lineage;
use infra_model::value::Value;
use infra_provider::error::ProviderError;
use infra_state::contract::StoreError;

use crate::inputs::InputError;
use crate::lease::LeaseLost;
use crate::ready_queue::OutOfOrder;

/// How a run ended.
#[derive(Debug)]
pub enum ApplyOutcome {
    /// All steps were done.
    Completed(Report),
    /// The user asked to stop and steps remain.
    Interrupted(Report),
    /// A step failed, or something stopped the run.
    Failed(Report),
}

/// What a run did and what it did not.
#[derive(Debug, Default)]
pub struct Report {
    /// Steps that were done, in the order in which they ended.
    pub done: Vec<StepDone>,
    /// Steps that failed, in the order in which they ended.
    pub failed: Vec<StepFailed>,
    /// Steps behind a failure.
    pub skipped: Vec<StepSkipped>,
    /// Steps that could have begun, or would have later, had the run not stopped.
    pub not_begun: Vec<StepId>,
    /// What stopped the run before its end; none if it was only the user or the failures of single steps.
    pub stopped: Option<Stop>,
}

/// A step that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepDone {
    /// The step.
    pub step: StepId,
    /// The record.
    pub key: RecordKey,
    /// The action's name.
    pub action: &'static str,
    /// How it is known.
    pub how: How,
    /// How long it took.
    pub took: Duration,
}

/// How a step is known to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// The provider said so.
    Called,
    /// The provider's answer was lost, and an observation showed that it was done.
    Observed,
    /// Only the state changed.
    Recorded,
}

/// A step that failed.
#[derive(Debug)]
pub struct StepFailed {
    /// The step.
    pub step: StepId,
    /// The record.
    pub key: RecordKey,
    /// The action's name.
    pub action: &'static str,
    /// Why.
    pub error: StepError,
    /// What it left.
    pub left: Left,
    /// How long it took.
    pub took: Duration,
}

/// What a failed step left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Everything as it was, as far as anybody can tell.
    Nothing,
    /// The state took in what was made or changed, for the next plan to go on with.
    Recorded,
    /// An open intent: the next run observes what happened before it does anything else.
    OpenIntent,
}

/// A step that was not begun because another one failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepSkipped {
    /// The step.
    pub step: StepId,
    /// The record.
    pub key: RecordKey,
    /// The record whose step failed.
    pub because: RecordKey,
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The provider failed and nothing was made or changed, as far as it can be seen.
    #[error("The provider could not do it")]
    Provider(#[source] ProviderError),
    /// The object was made but not finished.
    #[error("The object was not finished")]
    HalfMade(#[source] ProviderError),
    /// An object that an earlier run had lost stands in the way; the state took it in.
    #[error("The object existed already and belongs to this environment; the state took it in")]
    TakenIn(#[source] ProviderError),
    /// The world is not what the plan was made for.
    #[error("The object is not what the plan was made for: {0}")]
    Moved(Moved),
    /// An input cannot be computed.
    #[error("The inputs cannot be computed")]
    Inputs(#[from] InputError),
    /// The state has no record of what the step changes.
    #[error("The state does not know the object")]
    NoRecord,
    /// The record cannot be read.
    #[error("The record cannot be read")]
    Record(#[from] RecordError),
    /// Nobody could find out what the call did.
    #[error("It is not known whether the call was done: {why}")]
    Unknown {
        /// Why not.
        why: Unresolved,
        /// What the call said.
        #[source]
        source: Box<ProviderError>,
    },
    /// The journal or the state could not be written.
    #[error("The journal cannot be written")]
    Journal(#[from] StoreError),
    /// The call was done, and that could not be written.
    #[error("It was done, and that cannot be recorded")]
    Unrecorded(#[source] StoreError),
    /// The lease was lost before the provider was called.
    #[error("The lease was lost before anything was asked of the provider")]
    LeaseLost(#[from] LeaseLost),
}

/// How the world moved since the plan was made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Moved {
    /// The object is gone.
    #[error("it is gone")]
    Gone,
    /// The object that was gone is there.
    #[error("it is there again")]
    Present,
    /// The identity belongs to somebody else now.
    #[error("it belongs to `{owner}`")]
    Owner {
        /// Whom.
        owner: String,
    },
    /// Attributes that the step changes have other values.
    #[error("{}", list(.0))]
    Attributes(Vec<MovedAttribute>),
}

/// An attribute that is not what the plan was made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedAttribute {
    /// The attribute.
    pub attribute: String,
    /// What it was when the plan was made. Secrets are sealed.
    pub planned: Value,
    /// What it is now. Secrets are sealed.
    pub now: Value,
}

fn list(moved: &[MovedAttribute]) -> String {
    let one = |moved: &MovedAttribute| {
        format!(
            "`{}` moved from {:?} to {:?}",
            moved.attribute, moved.planned, moved.now
        )
    };
    moved.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Why an observation could not tell what a call did.
#[derive(Debug, thiserror::Error)]
pub enum Unresolved {
    /// More than one object carries the token of the call.
    #[error("several objects carry its token: {}", ids(.0))]
    Several(Vec<ObjectId>),
    /// The provider could not be asked.
    #[error("the provider cannot be asked: {0}")]
    Unreachable(Box<ProviderError>),
    /// The lease was lost while it was being found out.
    #[error("the lease was lost: {0}")]
    LeaseLost(LeaseLost),
    /// The provider says that the object exists, but does not show it.
    #[error("the provider says that it exists, but does not show it")]
    Hidden,
}

fn ids(ids: &[ObjectId]) -> String {
    ids.iter()
        .map(|id| format!("`{id}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// What stopped a run before its end.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// There is no state.
    #[error("The environment has no state")]
    NoState,
    /// The plan was made for another state.
    #[error("The plan belongs to the state `{planned}`, this one is `{found}`")]
    OtherState {
        /// The state that the plan was made for.
        planned: Lineage,
        /// This state.
        found: Lineage,
    },
    /// The plan is too old.
    #[error("The plan expired at {at}")]
    Expired {
        /// When.
        at: Timestamp,
    },
    /// Records moved since the plan was made.
    #[error("The plan is out of date: {}", moved(.0))]
    Stale(Vec<MovedRecord>),
    /// Something that the plan does not know needs what it deletes.
    #[error("The plan is out of date: since it was made, `{key}` came to need `{needed}`, which it deletes")]
    NeededSince {
        /// What needs it.
        key: RecordKey,
        /// What the plan deletes.
        needed: Address,
    },
    /// Calls of an earlier run were not resolved.
    #[error("{} calls of an earlier run are not resolved yet", .0.len())]
    OpenIntents(Vec<RecordKey>),
    /// The plan contradicts itself.
    #[error("The plan cannot be followed")]
    Malformed(#[from] OutOfOrder),
    /// A record cannot be read.
    #[error("The record of `{key}` cannot be read")]
    Record {
        /// The record.
        key: RecordKey,
        /// Why.
        #[source]
        source: RecordError,
    },
    /// The state could not be read or written.
    #[error("The state cannot be used")]
    Store(#[from] StoreError),
    /// The journal could not be written in a step; the step says why.
    #[error("The journal could not be written at `{key}`")]
    Journal {
        /// The record.
        key: RecordKey,
    },
    /// An object is not what the plan was made for; the step says how.
    #[error("`{key}` changed since the plan was made")]
    WorldMoved {
        /// The record.
        key: RecordKey,
    },
    /// Several objects carry the token of one call; the step names them.
    #[error("`{key}` was made more than once")]
    Duplicate {
        /// The record.
        key: RecordKey,
    },
    /// The lease is no longer ours.
    #[error("The lease was lost")]
    LeaseLost(#[from] LeaseLost),
}

impl Stop {
    /// Returns what the user can do about it, if there is anything.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Stop::NoState
            | Stop::OtherState { .. }
            | Stop::Expired { .. }
            | Stop::Stale(_)
            | Stop::NeededSince { .. } => "Make a new plan and review it",
            Stop::OpenIntents(_) => "Run apply again once the provider can be asked",
            Stop::WorldMoved { .. } => "Make a new plan: it shows what moved",
            Stop::Duplicate { .. } => "Delete all of these objects but one, then run apply again",
            Stop::LeaseLost(_) => "Run the command again: it goes on from what was done",
            Stop::Store(error) => return error.hint(),
            Stop::Journal { .. } | Stop::Malformed(_) | Stop::Record { .. } => return None,
        })
    }

    /// Returns what a failed step means for the others; most failures concern only those behind it.
    pub(crate) fn after(error: &StepError, key: &RecordKey) -> Option<Self> {
        let key = key.clone();
        match error {
            StepError::Journal(StoreError::Fenced { ours, current, by })
            | StepError::Unrecorded(StoreError::Fenced { ours, current, by }) => {
                let (ours, current, by) = (*ours, *current, by.clone());
                Some(Stop::LeaseLost(LeaseLost::TakenOver { ours, current, by }))
            }
            StepError::Journal(_) | StepError::Unrecorded(_) => Some(Stop::Journal { key }),
            StepError::Moved(_) => Some(Stop::WorldMoved { key }),
            StepError::LeaseLost(lost) => Some(Stop::LeaseLost(lost.clone())),
            StepError::Unknown {
                why: Unresolved::Several(_),
                ..
            } => Some(Stop::Duplicate { key }),
            _ => None,
        }
    }
}

/// A record that is not at the serial that the plan was made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedRecord {
    /// The record.
    pub key: RecordKey,
    /// Its serial in the plan; none if there was no record.
    pub planned: Option<Serial>,
    /// Its serial now.
    pub now: Option<Serial>,
}

fn moved(records: &[MovedRecord]) -> String {
    let serial = |serial: Option<Serial>| serial.map_or("no record".to_owned(), |at| format!("serial {at}"));
    let one = |moved: &MovedRecord| {
        format!(
            "`{}` moved from {} to {}",
            moved.key,
            serial(moved.planned),
            serial(moved.now)
        )
    };
    records.iter().map(one).collect::<Vec<_>>().join(", ")
}

impl ApplyOutcome {
    /// Returns what was done and what was not.
    #[must_use]
    pub fn report(&self) -> &Report {
        match self {
            ApplyOutcome::Completed(report)
            | ApplyOutcome::Interrupted(report)
            | ApplyOutcome::Failed(report) => report,
        }
    }
}
