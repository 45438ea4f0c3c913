//! Whether everything is made after what it needs and deleted after what needs it.

use std::collections::{BTreeMap, BTreeSet};

use infra_model::address::Address;
use infra_model::expression::{Reference, each_reference};
use infra_model::plan::{Draft, Step, StepId};
use infra_model::record::RecordKey;

use super::{PlanFault, Subject, is_deletion};

pub(super) fn check(subject: &Subject<'_>, faults: &mut Vec<PlanFault>) {
    let arrivals = subject.arrivals();
    for step in &subject.plan.steps {
        if let Some(draft) = step.action.draft() {
            dependencies(subject, step, draft, &arrivals, faults);
            references(subject, step, draft, &arrivals, faults);
        }
    }
    departures(subject, faults);
}

fn dependencies(
    subject: &Subject<'_>,
    step: &Step,
    draft: &Draft,
    arrivals: &BTreeMap<&Address, StepId>,
    faults: &mut Vec<PlanFault>,
) {
    for needs in &draft.dependencies {
        let arrival = arrivals.get(needs);
        if arrival.is_some_and(|arrival| !subject.waits(step.id, *arrival)) {
            let (step, needs) = (step.id, needs.clone());
            faults.push(PlanFault::TooEarly { step, needs });
        }
    }
}

fn references(
    subject: &Subject<'_>,
    step: &Step,
    draft: &Draft,
    arrivals: &BTreeMap<&Address, StepId>,
    faults: &mut Vec<PlanFault>,
) {
    for value in draft.inputs.values() {
        each_reference(value, &mut |reference| {
            if !is_provided(subject, step, reference, arrivals) {
                let (step, reference) = (step.id, reference.to_string());
                faults.push(PlanFault::Dangling { step, reference });
            }
        });
    }
}

fn is_provided(
    subject: &Subject<'_>,
    step: &Step,
    reference: &Reference,
    arrivals: &BTreeMap<&Address, StepId>,
) -> bool {
    let Reference::Output { address, output, .. } = reference else {
        return false;
    };
    if let Some(arrival) = arrivals.get(address) {
        let schema = subject.schemas.get(address.resource_type_str());
        return subject.waits(step.id, *arrival)
            && schema.is_some_and(|schema| schema.outputs.contains_key(output));
    }
    let entry = subject.entry(&RecordKey::current(address.clone()));
    let outputs = entry.and_then(|entry| entry.outputs().ok());
    outputs.is_some_and(|outputs| outputs.contains_key(output))
}

/// Holds every deletion against the changing records that needed the object.
fn departures(subject: &Subject<'_>, faults: &mut Vec<PlanFault>) {
    let users = users(subject);
    for step in subject.plan.steps.iter().filter(|step| is_deletion(step)) {
        for user in users.get(&step.key.address).into_iter().flatten() {
            let is_before = subject.waits(step.id, user.id);
            // A user that is changed in place may also move over afterwards, and records that need each other in a
            // circle have no right order; but never both at once.
            let is_after = subject.waits(user.id, step.id);
            let may_be_after = !is_deletion(user) || in_circle(subject, &users, step, user);
            if user.key.address != step.key.address && !is_before && !(is_after && may_be_after) {
                let (step, user) = (step.id, user.key.clone());
                faults.push(PlanFault::StillUsed { step, user });
            }
        }
    }
}

/// Returns the steps that end the use of an address: deletions and changes in place of objects that needed it.
fn users<'a>(subject: &'a Subject<'_>) -> BTreeMap<&'a Address, Vec<&'a Step>> {
    let mut users: BTreeMap<&Address, Vec<&Step>> = BTreeMap::new();
    for step in &subject.plan.steps {
        let ends_use = is_deletion(step) || matches!(step.action, infra_model::plan::Action::Update { .. });
        let Some(record) = subject.record_of(step).filter(|_| ends_use) else {
            continue;
        };
        for needs in &record.dependencies {
            users.entry(subject.new_name(needs)).or_default().push(step);
        }
    }
    users
}

/// Tells whether the object of `step` itself needed that of `user`, by what is recorded.
fn in_circle(
    subject: &Subject<'_>,
    users: &BTreeMap<&Address, Vec<&Step>>,
    step: &Step,
    user: &Step,
) -> bool {
    let mut open: Vec<&Address> = vec![&user.key.address];
    let mut seen: BTreeSet<&Address> = BTreeSet::new();
    while let Some(address) = open.pop() {
        if *address == step.key.address {
            return true;
        }
        if seen.insert(address) {
            let next = users.get(address).into_iter().flatten();
            open.extend(
                next.filter(|user| subject.record_of(user).is_some())
                    .map(|user| &user.key.address),
            );
        }
    }
    false
}
