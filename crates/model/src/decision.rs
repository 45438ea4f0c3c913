//! Decisions: what a plan does with one address, and why.

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::record::ObjectId;
use crate::schema::StepClass;
use crate::value::Value;

/// What the plan does with one address. There is exactly one per address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "decision")]
pub enum Decision {
    /// Nothing: the object is as wanted, or is left alone.
    Keep,
    /// The object is made.
    Create {
        /// Why.
        because: CreateReason,
        /// What it will be: every attribute, from nothing.
        changes: Vec<Change>,
    },
    /// The object is changed in place.
    Update {
        /// What changes.
        changes: Vec<Change>,
        /// How much it can hurt.
        class: StepClass,
    },
    /// The object is deleted and made anew.
    Replace {
        /// Why; never empty.
        because: Vec<ReplaceReason>,
        /// What changes.
        changes: Vec<Change>,
        /// Whether the new object is made before the old one goes.
        create_before_destroy: bool,
        /// How much it can hurt.
        class: StepClass,
    },
    /// The object is deleted.
    Delete {
        /// Why.
        because: DeleteReason,
        /// How much it can hurt.
        class: StepClass,
    },
    /// The object exists and the state learns of it, or of what it has become; the provider is not called.
    Adopt {
        /// Its identity.
        id: ObjectId,
        /// What the record will say differently.
        changes: Vec<Change>,
    },
    /// The state forgets the object, which goes on to exist or is gone already.
    Forget {
        /// Why.
        because: ForgetReason,
    },
}

impl Decision {
    /// Tells whether the world or the state changes.
    #[must_use]
    pub fn is_change(&self) -> bool {
        !matches!(self, Decision::Keep)
    }

    /// Returns the changes of attributes.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        match self {
            Decision::Create { changes, .. }
            | Decision::Update { changes, .. }
            | Decision::Replace { changes, .. }
            | Decision::Adopt { changes, .. } => changes,
            Decision::Keep | Decision::Delete { .. } | Decision::Forget { .. } => &[],
        }
    }
}

/// Why an object is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreateReason {
    /// The stack declares it and the state does not know it.
    New,
    /// The state knows it, but it is gone.
    Disappeared,
}

/// Why an object is replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplaceReason {
    /// An attribute that cannot change in place.
    Attribute(String),
    /// Its creation was not finished.
    Tainted,
    /// The user asked for it.
    Requested,
    /// It would move to another region or account.
    Target,
}

/// Why an object is deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeleteReason {
    /// The stack no longer declares it.
    Undeclared,
    /// Everything goes.
    Destroy,
    /// A replacement set it aside.
    Deposed,
}

/// Why the state forgets an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForgetReason {
    /// The stack no longer declares it and it is gone already.
    Gone,
}

/// A change of one attribute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The attribute.
    pub attribute: String,
    /// What it is now: observed, or recorded where it cannot be observed. Secrets are sealed.
    pub before: Value,
    /// What it will be. Secrets are sealed.
    pub after: Value,
    /// Who changed it.
    pub origin: ChangeOrigin,
    /// Whether it forces a replacement.
    pub replaces: bool,
}

/// Who caused a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeOrigin {
    /// The stack wants something else than was last applied.
    Stack,
    /// The world moved away from what was last applied.
    Drift,
    /// Both.
    Both,
}

/// A difference between record and observation that the plan does not repair or that it repairs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// The address.
    pub address: Address,
    /// What moved; empty when the object disappeared.
    pub changes: Vec<Change>,
    /// Whether the object is gone.
    pub disappeared: bool,
}
