//! Whether steps are about the objects that are recorded, and leave alone what they must.

use infra_model::plan::{Action, Step};
use infra_model::record::RecordKey;
use infra_model::snapshot::{Condition, Observation, Owner};

use super::{PlanFault, Subject, is_deletion};

pub(super) fn check(subject: &Subject<'_>, faults: &mut Vec<PlanFault>) {
    for step in &subject.plan.steps {
        if !identity(subject, step) {
            faults.push(PlanFault::Identity { step: step.id });
        }
        if is_foreign(subject, step) {
            faults.push(PlanFault::Foreign { step: step.id });
        }
        if is_deletion(step) && is_protected(subject, step) {
            faults.push(PlanFault::Protected { step: step.id });
        }
        touched(subject, &step.key, faults);
    }
    let records = subject.snapshot.records.iter();
    for (key, entry) in records.filter(|(key, _)| subject.moved.contains_key(&key.address)) {
        if subject.plan.touched.get(key) != Some(&Some(entry.serial)) {
            faults.push(PlanFault::Touched { key: key.clone() });
        }
    }
}

fn identity(subject: &Subject<'_>, step: &Step) -> bool {
    let current = subject.entry(&step.key);
    match &step.action {
        Action::Create { depose, .. } => depose.is_none() || current.is_some(),
        Action::Update { id, before, .. } | Action::Delete { id, before } => {
            let record = subject.record_of(step);
            let digest = subject.entry_of(step).map(|entry| entry.inputs_digest);
            record.is_some_and(|record| record.id == *id) && digest == Some(*before)
        }
        Action::Adopt { .. } => true,
        Action::Forget => current.is_some(),
    }
}

fn touched(subject: &Subject<'_>, key: &RecordKey, faults: &mut Vec<PlanFault>) {
    let stored = subject.stored_key(key);
    let serial = subject.entry(key).map(|entry| entry.serial);
    let said = subject.plan.touched.get(&stored).copied();
    let is_named = subject.plan.touched.contains_key(key);
    // An object that the plan sets aside under its new name has never been known under the old one.
    let is_as_said = said == Some(serial) || (said.is_none() && serial.is_none());
    if !is_as_said || !is_named {
        faults.push(PlanFault::Touched { key: key.clone() });
    }
}

fn observation<'a>(subject: &Subject<'a>, step: &Step) -> Option<&'a Observation> {
    let observations = &subject.snapshot.observations;
    let current = RecordKey::current(step.key.address.clone());
    observations
        .get(&subject.stored_key(&step.key))
        .or_else(|| observations.get(&subject.stored_key(&current)))
}

fn is_foreign(subject: &Subject<'_>, step: &Step) -> bool {
    let seen = observation(subject, step);
    matches!(seen, Some(Observation::Present(seen)) if matches!(seen.owner, Owner::Other(_)))
}

fn is_protected(subject: &Subject<'_>, step: &Step) -> bool {
    let seen = observation(subject, step);
    let half_made = matches!(seen, Some(Observation::Present(seen)) if seen.condition == Condition::HalfMade);
    // What a replacement left behind was let go when it was replaced.
    let was_left = step.key.deposed.is_some() && subject.entry(&step.key).is_some();
    let entry = subject.entry_of(step);
    entry.is_some_and(|entry| entry.protect && !entry.tainted) && !half_made && !was_left
}
