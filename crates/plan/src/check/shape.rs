//! Whether steps, edges, decisions and counts fit each other.

use std::collections::{BTreeMap, BTreeSet};

use infra_model::address::Address;
use infra_model::decision::Decision;
use infra_model::plan::{Action, PLAN_FORMAT, Step};
use infra_model::record::RecordKey;

use super::{PlanFault, Subject};

pub(super) fn check(subject: &Subject<'_>, faults: &mut Vec<PlanFault>) {
    header(subject, faults);
    places(subject, faults);
    decisions(subject, faults);
    kept(subject, faults);
}

fn header(subject: &Subject<'_>, faults: &mut Vec<PlanFault>) {
    let header = &subject.plan.header;
    if header.format != PLAN_FORMAT {
        faults.push(PlanFault::Header { what: "format" });
    }
    if header.lineage != subject.snapshot.lineage || header.serial != subject.snapshot.serial {
        faults.push(PlanFault::Header { what: "state" });
    }
    if header.destroy
        && subject
            .plan
            .steps
            .iter()
            .any(|step| step.action.draft().is_some())
    {
        faults.push(PlanFault::Header { what: "destroy" });
    }
}

fn places(subject: &Subject<'_>, faults: &mut Vec<PlanFault>) {
    for (at, step) in subject.plan.steps.iter().enumerate() {
        if step.id.0 as usize != at {
            faults.push(PlanFault::StepPlace { at, id: step.id });
        }
        let mut last = None;
        for after in &step.after {
            if *after >= step.id || last >= Some(*after) {
                let (step, after) = (step.id, *after);
                faults.push(PlanFault::Edge { step, after });
            }
            last = Some(*after);
        }
    }
}

fn decisions(subject: &Subject<'_>, faults: &mut Vec<PlanFault>) {
    let left_behind: BTreeSet<&RecordKey> = subject.plan.deposed.iter().collect();
    let mut by_address: BTreeMap<&Address, Vec<&Step>> = BTreeMap::new();
    let mut of_deposed: BTreeMap<&RecordKey, Vec<&Step>> = BTreeMap::new();
    for step in &subject.plan.steps {
        if left_behind.contains(&step.key) {
            of_deposed.entry(&step.key).or_default().push(step);
        } else if subject.plan.decisions.contains_key(&step.key.address) {
            by_address.entry(&step.key.address).or_default().push(step);
        } else {
            let (step, key) = (step.id, step.key.clone());
            faults.push(PlanFault::Undecided { step, key });
        }
    }
    for (address, decision) in &subject.plan.decisions {
        let steps = by_address.get(address).map_or(&[][..], Vec::as_slice);
        if !fits(decision, steps) {
            let address = address.clone();
            faults.push(PlanFault::Decision { address });
        }
    }
    for key in left_behind {
        let steps = of_deposed.get(key).map_or(&[][..], Vec::as_slice);
        let fits = matches!(steps, [step] if matches!(step.action, Action::Delete { .. } | Action::Forget));
        if !fits || key.deposed.is_none() || subject.entry(key).is_none() {
            let address = key.address.clone();
            faults.push(PlanFault::Decision { address });
        }
    }
}

fn fits(decision: &Decision, steps: &[&Step]) -> bool {
    let current = steps.iter().all(|step| step.key.deposed.is_none());
    let actions: Vec<&Action> = steps.iter().map(|step| &step.action).collect();
    match (decision, actions.as_slice()) {
        (Decision::Create { .. }, [Action::Create { depose: None, .. }])
        | (Decision::Update { .. }, [Action::Update { .. }])
        | (Decision::Delete { .. }, [Action::Delete { .. }])
        | (Decision::Adopt { .. }, [Action::Adopt { .. }])
        | (Decision::Forget { .. }, [Action::Forget]) => current,
        (
            Decision::Replace {
                create_before_destroy: false,
                because,
                ..
            },
            [Action::Delete { .. }, Action::Create { depose: None, .. }],
        ) => current && !because.is_empty() && steps[1].after.contains(&steps[0].id),
        (
            Decision::Replace {
                create_before_destroy: true,
                because,
                ..
            },
            [Action::Create { depose, .. }, Action::Delete { .. }],
        ) => {
            let set_aside = depose.is_some() && steps[1].key.deposed == *depose;
            let current = steps[0].key.deposed.is_none();
            current && set_aside && !because.is_empty() && steps[1].after.contains(&steps[0].id)
        }
        _ => false,
    }
}

fn kept(subject: &Subject<'_>, faults: &mut Vec<PlanFault>) {
    let current = subject
        .snapshot
        .records
        .keys()
        .filter(|key| key.deposed.is_none());
    let kept = current.filter(|key| {
        !subject
            .plan
            .decisions
            .contains_key(subject.new_name(&key.address))
    });
    let (counted, said) = (kept.count() as u64, subject.plan.kept);
    // Which addresses the options left out is not known here; all others without a decision are kept.
    let most = said + subject.plan.outside;
    if !(said..=most).contains(&counted) {
        faults.push(PlanFault::Kept { counted, said });
    }
}
