//! Whether every step says how much it hurts.

use std::collections::{BTreeMap, BTreeSet};

use infra_model::address::Address;
use infra_model::decision::{Change, Decision};
use infra_model::plan::{Action, Step};
use infra_model::record::RecordKey;
use infra_model::schema::{OnChange, ResourceSchema, StepClass};
use infra_model::snapshot::{Condition, Observation};
use infra_model::value::Attributes;

use super::{PlanFault, Subject};

pub(super) fn check(subject: &Subject<'_>, faults: &mut Vec<PlanFault>) {
    for step in &subject.plan.steps {
        if !is_honest(subject, step) {
            let address = step.key.address.clone();
            faults.push(PlanFault::Class { address });
        }
    }
    let worst = worst_steps(subject);
    for (address, decision) in &subject.plan.decisions {
        let said = match decision {
            Decision::Update { class, .. }
            | Decision::Replace { class, .. }
            | Decision::Delete { class, .. } => *class,
            _ => StepClass::Safe,
        };
        if worst.get(address) != Some(&said) {
            let address = address.clone();
            faults.push(PlanFault::Class { address });
        }
    }
}

fn is_honest(subject: &Subject<'_>, step: &Step) -> bool {
    let Some(schema) = subject.schemas.get(step.key.address.resource_type_str()) else {
        return matches!(step.action, Action::Forget);
    };
    let of = |change: &Change| {
        schema
            .attributes
            .get(&change.attribute)
            .map(|attribute| attribute.on_change)
    };
    match &step.action {
        Action::Create { .. } | Action::Adopt { .. } | Action::Forget => step.class == StepClass::Safe,
        Action::Update { changes, .. } => {
            let disruptive = changes
                .iter()
                .any(|change| of(change) == Some(OnChange::Disruptive));
            let replacing = changes.iter().any(|change| of(change) == Some(OnChange::Replace));
            let expected = if disruptive {
                StepClass::Disruptive
            } else {
                StepClass::Safe
            };
            !changes.is_empty() && !replacing && step.class == expected
        }
        Action::Delete { .. } => {
            let destroys = holds_data(subject, schema, step) && was_whole(subject, step);
            destroys == (step.class == StepClass::DestroysData)
        }
    }
}

/// Tells whether the object of a step holds data, as its type says or because it is recorded or seen to stand on its own.
fn holds_data(subject: &Subject<'_>, schema: &ResourceSchema, step: &Step) -> bool {
    if schema.holds_data || !schema.may_stand_alone() {
        return schema.holds_data;
    }
    let record = subject.record_of(step);
    let seen = subject.snapshot.observations.get(&subject.stored_key(&step.key));
    let alone = |attributes: &Attributes| schema.stands_alone(attributes);
    record.is_some_and(|record| alone(&record.inputs))
        || matches!(seen, Some(Observation::Present(seen)) if alone(&seen.attributes))
}

/// Tells whether the object of a step ever came to be whole: so it is seen, or recorded if nobody looked.
fn was_whole(subject: &Subject<'_>, step: &Step) -> bool {
    let tainted = subject.entry_of(step).is_some_and(|entry| entry.tainted);
    let mut keys = vec![subject.stored_key(&step.key)];
    if subject.entry(&step.key).is_none() {
        keys.push(RecordKey {
            deposed: None,
            ..keys[0].clone()
        });
    }
    let is_seen = |condition: Condition| {
        keys.iter().any(|key| {
            let seen = subject.snapshot.observations.get(key);
            matches!(seen, Some(Observation::Present(seen)) if seen.condition == condition)
        })
    };
    !is_seen(Condition::HalfMade) && (!tainted || is_seen(Condition::Complete))
}

/// Returns the worst class among the steps of each decision; what a replacement before left behind is not its own.
fn worst_steps<'a>(subject: &'a Subject<'_>) -> BTreeMap<&'a Address, StepClass> {
    let left_behind: BTreeSet<&RecordKey> = subject.plan.deposed.iter().collect();
    let mut worst: BTreeMap<&Address, StepClass> = BTreeMap::new();
    for step in subject
        .plan
        .steps
        .iter()
        .filter(|step| !left_behind.contains(&step.key))
    {
        let class = worst.entry(&step.key.address).or_insert(step.class);
        *class = step.class.max(*class);
    }
    worst
}
