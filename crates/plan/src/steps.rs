//! Steps: what each decision means for its records.

use std::collections::BTreeMap;

use infra_model::decision::{Decision, ForgetReason};
use infra_model::digest::Digest;
use infra_model::plan::{Action, Draft};
use infra_model::record::RecordKey;
use infra_model::resource::Desired;
use infra_model::schema::{ResourceSchema, StepClass};
use infra_model::snapshot::Snapshot;
use infra_model::value::Attributes;

use crate::class::class_of_deletion;
use crate::decide::Verdict;
use crate::error::PlanError;
use crate::roster::{Held, Node, Place, Roster};
use crate::selection::Selection;

/// A step before the order of steps is known.
#[derive(Debug)]
pub(crate) struct Stub {
    pub(crate) place: Place,
    pub(crate) key: RecordKey,
    pub(crate) action: Action,
    pub(crate) class: StepClass,
    pub(crate) estimate_ms: u64,
    pub(crate) role: Role,
}

/// What a step is to others: those that need its object, or whose objects it needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The current object comes to be as wanted.
    Arrives,
    /// The current object goes, before a new one is made if there is one.
    Leaves,
    /// An object goes that the current one has replaced, in this plan or before.
    LeavesDeposed,
}

/// Returns the steps of all decisions, in the order of addresses, and the decisions.
pub(crate) fn stubs(
    roster: &Roster<'_>,
    selection: &Selection,
    verdicts: Vec<Option<Verdict>>,
    snapshot: &Snapshot,
) -> Result<(Vec<Stub>, BTreeMap<Place, Decision>), PlanError> {
    let mut stubs = Vec::new();
    let mut decisions = BTreeMap::new();
    for (place, verdict) in roster.places().zip(verdicts) {
        let mut maker = Maker {
            node: roster.node(place),
            place,
            snapshot,
            stubs: &mut stubs,
        };
        if let Some(verdict) = verdict {
            decisions.insert(place, maker.decided(verdict)?);
        }
        if selection.contains(place) {
            for held in &maker.node.deposed {
                maker.deposed(held)?;
            }
        }
    }
    Ok((stubs, decisions))
}

/// Makes the steps of one address.
struct Maker<'a, 'b> {
    node: &'a Node<'b>,
    place: Place,
    snapshot: &'a Snapshot,
    stubs: &'a mut Vec<Stub>,
}

impl Maker<'_, '_> {
    fn push(&mut self, key: RecordKey, action: Action, class: StepClass, role: Role) {
        let resource_type = self.node.address.resource_type_str();
        let learned = self.snapshot.durations.get(resource_type, action.name());
        let typical = self.node.schema.map(|schema| schema.typical);
        let typical = match &action {
            Action::Create { .. } => typical.map(|typical| typical.create_ms),
            Action::Update { .. } => typical.map(|typical| typical.update_ms),
            Action::Delete { .. } => typical.map(|typical| typical.delete_ms),
            // No call is made.
            Action::Adopt { .. } | Action::Forget => None,
        };
        self.stubs.push(Stub {
            place: self.place,
            key,
            estimate_ms: typical.map_or(0, |typical| learned.unwrap_or(typical)),
            action,
            class,
            role,
        });
    }

    /// Makes the steps of a decision and hands it back.
    fn decided(&mut self, verdict: Verdict) -> Result<Decision, PlanError> {
        let key = RecordKey::current(self.node.address.clone());
        let Verdict {
            decision,
            asked,
            inputs,
            outputs,
        } = verdict;
        let draft = |desired: &Desired, schema: &ResourceSchema| draft(desired, schema, inputs);
        match (&decision, self.node.desired, &self.node.current) {
            (Decision::Create { .. }, Some(desired), _) => {
                let draft = draft(desired, self.node.schema()?);
                let action = Action::Create { draft, depose: None };
                self.push(key, action, StepClass::Safe, Role::Arrives);
            }
            (Decision::Update { class, .. }, Some(desired), Some(held)) => {
                let action = Action::Update {
                    id: held.record()?.id.clone(),
                    draft: draft(desired, self.node.schema()?),
                    changes: asked,
                    before: held.entry.inputs_digest,
                };
                self.push(key, action, *class, Role::Arrives);
            }
            (
                Decision::Replace {
                    create_before_destroy,
                    class,
                    ..
                },
                Some(desired),
                Some(held),
            ) => {
                let draft = draft(desired, self.node.schema()?);
                self.replace(held, draft, *create_before_destroy, *class)?;
            }
            (Decision::Adopt { id, .. }, Some(desired), _) => {
                let id = id.clone();
                let draft = draft(desired, self.node.schema()?);
                let action = Action::Adopt { id, draft, outputs };
                self.push(key, action, StepClass::Safe, Role::Arrives);
            }
            (Decision::Delete { class, .. }, _, Some(held)) => {
                self.push(key, deletion(held)?, *class, Role::Leaves);
            }
            (
                Decision::Forget {
                    because: ForgetReason::Gone,
                },
                ..,
            ) => self.push(key, Action::Forget, StepClass::Safe, Role::Leaves),
            // Keep has no steps; the others are only decided with what they need here.
            _ => {}
        }
        Ok(decision)
    }

    fn replace(
        &mut self,
        held: &Held<'_>,
        draft: Draft,
        create_before_destroy: bool,
        class: StepClass,
    ) -> Result<(), PlanError> {
        let key = RecordKey::current(self.node.address.clone());
        if create_before_destroy {
            let token = depose_token(self.snapshot, held);
            let old = RecordKey {
                address: key.address.clone(),
                deposed: Some(token.clone()),
            };
            let depose = Some(token);
            self.push(
                key,
                Action::Create { draft, depose },
                StepClass::Safe,
                Role::Arrives,
            );
            self.push(old, deletion(held)?, class, Role::LeavesDeposed);
        } else {
            let depose = None;
            self.push(key.clone(), deletion(held)?, class, Role::Leaves);
            self.push(
                key,
                Action::Create { draft, depose },
                StepClass::Safe,
                Role::Arrives,
            );
        }
        Ok(())
    }

    fn deposed(&mut self, held: &Held<'_>) -> Result<(), PlanError> {
        if held.is_gone() {
            self.push(
                held.key.clone(),
                Action::Forget,
                StepClass::Safe,
                Role::LeavesDeposed,
            );
            return Ok(());
        }
        let class = class_of_deletion(self.node, held)?;
        self.push(held.key.clone(), deletion(held)?, class, Role::LeavesDeposed);
        Ok(())
    }
}

fn deletion(held: &Held<'_>) -> Result<Action, PlanError> {
    Ok(Action::Delete {
        id: held.record()?.id.clone(),
        before: held.entry.inputs_digest,
    })
}

fn draft(desired: &Desired, schema: &ResourceSchema, inputs: Attributes) -> Draft {
    let lifecycle = &desired.lifecycle;
    Draft {
        inputs,
        target: desired.target.clone(),
        schema_version: schema.version,
        recovery: schema.recovery,
        dependencies: desired.dependencies(),
        protect: lifecycle.protect,
        create_before_destroy: lifecycle
            .create_before_destroy
            .unwrap_or(schema.create_before_destroy),
    }
}

/// Returns the token under which a record is set aside. It follows from the record, so that planning twice gives the
/// same plan, and differs for each version of it, so that no two old objects share one.
fn depose_token(snapshot: &Snapshot, held: &Held<'_>) -> String {
    let seed = format!(
        "depose {} {} {}",
        snapshot.lineage, held.entry.serial, held.stored
    );
    Digest::of(seed.as_bytes()).short()
}
