//! Plans: an ordered graph of steps with everything that apply needs; it leaves apply no choices.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::clock::Timestamp;
use crate::decision::{Change, Decision, Drift};
use crate::digest::Digest;
use crate::record::{ObjectId, RecordKey, Serial};
use crate::resource::Target;
use crate::schema::{RecoveryClass, StepClass};
use crate::snapshot::Lineage;
use crate::value::Attributes;

/// The version of the form of plan files. A reader refuses any other.
pub const PLAN_FORMAT: u32 = 1;

/// The place of a step in [`Plan::steps`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(pub u32);

/// What would be done, and everything needed to do it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What the plan belongs to.
    pub header: PlanHeader,
    /// What happens to each address that changes. Addresses that are kept are counted, not listed, so that a
    /// plan is as large as its changes.
    pub decisions: BTreeMap<Address, Decision>,
    /// How many of the addresses that were looked at are kept.
    pub kept: u64,
    /// How many addresses the user's options left out: nobody looked at them.
    #[serde(default)]
    pub outside: u64,
    /// Old objects that replacements set aside and that this plan deletes.
    pub deposed: Vec<RecordKey>,
    /// Records that change their address before the first step.
    pub moves: Vec<RecordMove>,
    /// The steps; a step comes after all those that it waits for.
    pub steps: Vec<Step>,
    /// Where the world moved away from the record, whether or not a step repairs it.
    pub drift: Vec<Drift>,
    /// The serial of every record that a step touches; none where no record exists. Apply refuses to begin when
    /// one has moved.
    pub touched: BTreeMap<RecordKey, Option<Serial>>,
    /// What the user should know before saying yes.
    pub notices: Vec<PlanNotice>,
}

/// The variables that were given from outside the stack, by name, with a digest of each value; none for a secret, whose
/// digest could be guessed.
pub type GivenDigests = BTreeMap<String, Option<Digest>>;

/// What a plan belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanHeader {
    /// The version of the form, [`PLAN_FORMAT`].
    pub format: u32,
    /// The version of the engine that made it.
    pub engine: String,
    /// The stack.
    pub stack: String,
    /// The environment.
    pub environment: String,
    /// Whether everything is destroyed.
    pub destroy: bool,
    /// The change after which the state was as this plan makes it again; none where it leads to what the stack wants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<Serial>,
    /// The lineage of the state.
    pub lineage: Lineage,
    /// The serial of the state.
    pub serial: Serial,
    /// The digest of the configuration.
    pub config: Digest,
    /// What was given for variables.
    #[serde(default)]
    pub given: GivenDigests,
    /// When it was made.
    pub created: Timestamp,
    /// When it may no longer be applied.
    pub expires: Timestamp,
}

/// A record that changes its address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordMove {
    /// The old address.
    pub from: Address,
    /// The new one.
    pub to: Address,
}

/// Something to know before saying yes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanNotice {
    /// What kind of thing.
    pub summary: String,
    /// What exactly.
    pub detail: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its place.
    pub id: StepId,
    /// Which record it changes.
    pub key: RecordKey,
    /// What is done.
    pub action: Action,
    /// How much it can hurt.
    pub class: StepClass,
    /// Steps that must be done before it.
    pub after: Vec<StepId>,
    /// How long it will probably take, from history or the type's usual duration.
    pub estimate_ms: u64,
}

/// What a step does, with everything it needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "action")]
pub enum Action {
    /// Makes the object.
    Create {
        /// What the record will hold.
        draft: Draft,
        /// The token under which the current record is set aside first, when the old object outlives the new
        /// one's creation.
        depose: Option<String>,
    },
    /// Changes the object in place.
    Update {
        /// The object.
        id: ObjectId,
        /// What the record will hold.
        draft: Draft,
        /// What changes.
        changes: Vec<Change>,
        /// The digest of the recorded inputs before.
        before: Digest,
    },
    /// Deletes the object.
    Delete {
        /// The object.
        id: ObjectId,
        /// The digest of the recorded inputs before.
        before: Digest,
    },
    /// Writes the record of an object that exists, without a call.
    Adopt {
        /// The object.
        id: ObjectId,
        /// What the record will hold.
        draft: Draft,
        /// The object's outputs as observed, secrets sealed.
        outputs: Attributes,
    },
    /// Removes the record, without a call.
    Forget,
}

impl Action {
    /// Returns the name used in events, journals and learned durations.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Action::Create { .. } => "create",
            Action::Update { .. } => "update",
            Action::Delete { .. } => "delete",
            Action::Adopt { .. } => "adopt",
            Action::Forget => "forget",
        }
    }

    /// Returns what the record will hold, if there will be one.
    #[must_use]
    pub fn draft(&self) -> Option<&Draft> {
        match self {
            Action::Create { draft, .. } | Action::Update { draft, .. } | Action::Adopt { draft, .. } => {
                Some(draft)
            }
            Action::Delete { .. } | Action::Forget => None,
        }
    }
}

/// A record before the provider has answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// Inputs; references to outputs of earlier steps are still inside.
    pub inputs: Attributes,
    /// Where it lives.
    pub target: Target,
    /// The version of the type's schema.
    pub schema_version: u32,
    /// How an unknown create is resolved.
    pub recovery: RecoveryClass,
    /// What it needs.
    pub dependencies: std::collections::BTreeSet<Address>,
    /// Whether deleting and replacing will be refused.
    pub protect: bool,
    /// Whether a replacement will be created before it is deleted.
    pub create_before_destroy: bool,
}

impl Plan {
    /// Returns the canonical bytes: the form of plan files, and what approvals sign.
    ///
    /// # Errors
    ///
    /// When the plan holds a secret in clear.
    pub fn to_bytes(&self) -> Result<Vec<u8>, PlanFileError> {
        serde_json::to_vec(self).map_err(PlanFileError::Encode)
    }

    /// Reads a plan from bytes.
    ///
    /// # Errors
    ///
    /// When the bytes are damaged, not canonical, or of another version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PlanFileError> {
        #[derive(Deserialize)]
        struct Probe {
            header: ProbeHeader,
        }
        #[derive(Deserialize)]
        struct ProbeHeader {
            format: u32,
        }
        let probe: Probe = serde_json::from_slice(bytes).map_err(PlanFileError::Decode)?;
        if probe.header.format != PLAN_FORMAT {
            return Err(PlanFileError::Version {
                version: probe.header.format,
            });
        }
        let plan: Plan = serde_json::from_slice(bytes).map_err(PlanFileError::Decode)?;
        if plan.to_bytes()? != bytes {
            return Err(PlanFileError::NotCanonical);
        }
        Ok(plan)
    }

    /// Returns the plan's id: the digest of its canonical bytes.
    ///
    /// # Errors
    ///
    /// When the plan holds a secret in clear.
    pub fn digest(&self) -> Result<Digest, PlanFileError> {
        Ok(Digest::of(&self.to_bytes()?))
    }

    /// Tells whether apply would do anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.moves.is_empty()
    }

    /// Returns the step with this id.
    #[must_use]
    pub fn step(&self, id: StepId) -> Option<&Step> {
        self.steps.get(id.0 as usize)
    }
}

/// A plan file cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    /// Another engine wrote it.
    #[error("The plan has format {version}, this engine reads format {PLAN_FORMAT}")]
    Version {
        /// The format found.
        version: u32,
    },
    /// The bytes are not a plan.
    #[error("The file is not a plan or is damaged")]
    Decode(#[source] serde_json::Error),
    /// The bytes say the same in another way, so their digest proves nothing.
    #[error("The plan file was altered: it is not in canonical form")]
    NotCanonical,
    /// It holds what must not be written.
    #[error("The plan cannot be written")]
    Encode(#[source] serde_json::Error),
}
