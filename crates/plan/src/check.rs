//! Examines plans by other means than the planner's: it shares no code with it.
//!
//! The planner goes from the world to the steps; here the steps are held against the world. Whoever applies a plan
//! may rely on each of these facts, so each has a name. Records are parsed only where a step changes something.

use std::collections::BTreeMap;

use infra_model::address::Address;
use infra_model::plan::{Action, Plan, Step, StepId};
use infra_model::record::{Record, RecordEntry, RecordKey};
use infra_model::schema::SchemaSet;
use infra_model::snapshot::Snapshot;

mod classes;
mod order;
mod records;
mod secrets;
mod shape;

/// A fact that a plan should fulfil and does not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanFault {
    /// The header does not fit the rest.
    #[error("The header does not fit: {what}")]
    Header {
        /// What does not fit.
        what: &'static str,
    },
    /// A step does not stand at its own place.
    #[error("The step at place {at} calls itself {id}", id = id.0)]
    StepPlace {
        /// The place.
        at: usize,
        /// What the step calls itself.
        id: StepId,
    },
    /// A step waits for one that does not come before it, or twice for the same.
    #[error("Step {step} cannot wait for step {after}", step = step.0, after = after.0)]
    Edge {
        /// The step.
        step: StepId,
        /// What it waits for.
        after: StepId,
    },
    /// The steps of an address are not those of its decision.
    #[error("The steps of `{address}` are not those of its decision")]
    Decision {
        /// The address.
        address: Address,
    },
    /// A step changes a record of which nothing was decided.
    #[error("Step {step} changes `{key}`, of which nothing was decided", step = step.0)]
    Undecided {
        /// The step.
        step: StepId,
        /// The record.
        key: RecordKey,
    },
    /// The number of kept addresses is wrong.
    #[error("The plan keeps {counted} addresses and says {said}")]
    Kept {
        /// How many there are.
        counted: u64,
        /// What the plan says.
        said: u64,
    },
    /// A step does not wait for something that its object needs.
    #[error("Step {step} does not wait for `{needs}`", step = step.0)]
    TooEarly {
        /// The step.
        step: StepId,
        /// What it needs.
        needs: Address,
    },
    /// An object is deleted although another one that needs it still stands.
    #[error("Step {step} deletes what `{user}` still needs", step = step.0)]
    StillUsed {
        /// The step.
        step: StepId,
        /// Who needs it.
        user: RecordKey,
    },
    /// A draft refers to an output that nobody provides before.
    #[error("Step {step} refers to `{reference}`, which no earlier step and no record provides", step = step.0)]
    Dangling {
        /// The step.
        step: StepId,
        /// The reference.
        reference: String,
    },
    /// A secret stands in clear.
    #[error("A secret of `{subject}` stands in clear")]
    Secret {
        /// Whose.
        subject: String,
    },
    /// The serial of a changed record is missing or wrong.
    #[error("The serial of `{key}` is missing or wrong")]
    Touched {
        /// The record.
        key: RecordKey,
    },
    /// A step names another object, or other inputs, than the record that it changes.
    #[error("Step {step} is not about the object that is recorded", step = step.0)]
    Identity {
        /// The step.
        step: StepId,
    },
    /// A protected object is deleted.
    #[error("Step {step} deletes a protected object", step = step.0)]
    Protected {
        /// The step.
        step: StepId,
    },
    /// An object of somebody else is changed.
    #[error("Step {step} changes an object of somebody else", step = step.0)]
    Foreign {
        /// The step.
        step: StepId,
    },
    /// A step or decision says that it hurts less, or more, than it does.
    #[error("`{address}` has the wrong class")]
    Class {
        /// The address.
        address: Address,
    },
}

/// Returns every fact that the plan does not fulfil, given what it was made from.
#[must_use]
pub fn check(plan: &Plan, snapshot: &Snapshot, schemas: &SchemaSet) -> Vec<PlanFault> {
    let subject = Subject {
        plan,
        snapshot,
        schemas,
        sources: plan.moves.iter().map(|one| (&one.to, &one.from)).collect(),
        moved: plan.moves.iter().map(|one| (&one.from, &one.to)).collect(),
    };
    let mut faults = Vec::new();
    shape::check(&subject, &mut faults);
    if faults.is_empty() {
        // What follows takes for granted that steps and edges are where they say they are.
        order::check(&subject, &mut faults);
        records::check(&subject, &mut faults);
        classes::check(&subject, &mut faults);
    }
    secrets::check(plan, &mut faults);
    faults
}

/// The plan and what it was made from.
struct Subject<'a> {
    plan: &'a Plan,
    snapshot: &'a Snapshot,
    schemas: &'a SchemaSet,
    /// Old addresses by new ones.
    sources: BTreeMap<&'a Address, &'a Address>,
    /// New addresses by old ones.
    moved: BTreeMap<&'a Address, &'a Address>,
}

impl<'a> Subject<'a> {
    /// Returns the key under which the state has what is called `key` after the moves.
    fn stored_key(&self, key: &RecordKey) -> RecordKey {
        let address = self.sources.get(&key.address).map_or(&key.address, |from| *from);
        RecordKey {
            address: address.clone(),
            deposed: key.deposed.clone(),
        }
    }

    /// Returns what the state has under a key after the moves.
    fn entry(&self, key: &RecordKey) -> Option<&'a RecordEntry> {
        let is_moved_away = self.moved.contains_key(&key.address) && !self.sources.contains_key(&key.address);
        match is_moved_away {
            true => None,
            false => self.snapshot.records.get(&self.stored_key(key)),
        }
    }

    /// Returns the state's entry of the object that a step changes. An old object that the plan itself sets aside is
    /// still the current one there.
    fn entry_of(&self, step: &Step) -> Option<&'a RecordEntry> {
        self.entry(&step.key)
            .or_else(|| self.entry(&RecordKey::current(step.key.address.clone())))
    }

    fn record_of(&self, step: &Step) -> Option<&'a Record> {
        self.entry_of(step)?.record().ok().map(|record| &**record)
    }

    /// Returns a recorded address as it is called after the moves.
    fn new_name<'b>(&'b self, address: &'b Address) -> &'b Address {
        self.moved.get(address).copied().unwrap_or(address)
    }

    /// Returns the steps after which the current object of an address is as wanted.
    fn arrivals(&self) -> BTreeMap<&'a Address, StepId> {
        let arriving = self
            .plan
            .steps
            .iter()
            .filter(|step| step.action.draft().is_some());
        arriving.map(|step| (&step.key.address, step.id)).collect()
    }

    /// Tells whether `later` waits for `earlier`, directly or through others.
    fn waits(&self, later: StepId, earlier: StepId) -> bool {
        let mut open = vec![later];
        let mut seen = std::collections::BTreeSet::new();
        while let Some(id) = open.pop() {
            let Some(step) = self.plan.step(id) else {
                continue;
            };
            // In order, as was checked before.
            if step.after.binary_search(&earlier).is_ok() {
                return true;
            }
            // Edges lead backwards, so nothing behind the earlier step leads to it.
            open.extend(step.after.iter().filter(|id| **id > earlier && seen.insert(**id)));
        }
        false
    }
}

/// Tells whether a step deletes an object.
fn is_deletion(step: &Step) -> bool {
    matches!(step.action, Action::Delete { .. })
}
