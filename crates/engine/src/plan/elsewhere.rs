//! Objects that live in another place than the stack names: a region that was mistyped looks like a wish to make all of it anew.

use std::collections::{BTreeMap, BTreeSet};

use infra_model::address::Address;
use infra_model::decision::{Decision, ReplaceReason};
use infra_model::plan::{Plan, PlanNotice};
use infra_model::record::RecordKey;
use infra_model::resource::{ResourceGraph, Target};
use infra_model::snapshot::Snapshot;
use infra_plan::error::PlanError;

use crate::error::EngineError;

/// The objects that would move, by the part of the place that changes: its name, what it was and what it is now.
#[derive(Debug, Default)]
struct Elsewhere(BTreeMap<(String, String, String), BTreeSet<Address>>);

impl Elsewhere {
    /// Compares where these objects are with where the stack wants them.
    fn of<'a>(
        graph: &ResourceGraph,
        snapshot: &Snapshot,
        addresses: impl IntoIterator<Item = &'a Address>,
    ) -> Self {
        let mut moved = Elsewhere::default();
        for address in addresses {
            let entry = snapshot.records.get(&RecordKey::current(address.clone()));
            // A record that cannot be read is told where it is needed.
            let record = entry.and_then(|entry| entry.record().ok());
            if let (Some(desired), Some(record)) = (graph.resources.get(address), record) {
                moved.add(address, &record.target, &desired.target);
            }
        }
        moved
    }

    fn add(&mut self, address: &Address, was: &Target, is: &Target) {
        for (name, is) in &is.0 {
            if let Some(was) = was.0.get(name).filter(|was| *was != is) {
                let change = (name.clone(), was.clone(), is.clone());
                self.0.entry(change).or_default().insert(address.clone());
            }
        }
    }

    fn told(&self) -> String {
        let told = self.0.iter().map(|((name, was, is), moved)| {
            let objects = match moved.len() {
                1 => "one object was".to_owned(),
                count => format!("{count} objects were"),
            };
            format!("`{name}` was `{was}` when {objects} made, and is `{is}` now")
        });
        told.collect::<Vec<_>>().join("; ")
    }

    fn way_back(&self) -> String {
        let back = self
            .0
            .keys()
            .map(|(name, was, _)| format!("`{name}` back to `{was}`"));
        let back = back.collect::<Vec<_>>().join(" and ");
        format!("Unless they are meant to move, set {back}")
    }
}

/// Puts before the refusal to destroy protected objects that it is the place that changed: lifting their protection would be the
/// wrong way out.
pub(super) fn explain(error: EngineError, graph: &ResourceGraph, snapshot: &Snapshot) -> EngineError {
    let EngineError::Plan(source) = error else {
        return error;
    };
    let PlanError::Protected { objects } = &*source else {
        return EngineError::Plan(source);
    };
    if Elsewhere::of(graph, snapshot, objects.iter().map(|one| &one.address))
        .0
        .is_empty()
    {
        return EngineError::Plan(source);
    }
    // Only those that stand in the way are protected; all of them move.
    let elsewhere = Elsewhere::of(graph, snapshot, graph.resources.keys());
    EngineError::Elsewhere {
        moved: elsewhere.told(),
        hint: elsewhere.way_back(),
        source,
    }
}

/// Says of a plan, before anything else, that objects are made anew in another place.
pub(super) fn notice(plan: &Plan, graph: &ResourceGraph, snapshot: &Snapshot) -> Option<PlanNotice> {
    let moves = |(address, decision): (&'_ Address, &Decision)| match decision {
        Decision::Replace { because, .. } => {
            because.contains(&ReplaceReason::Target).then(|| address.clone())
        }
        _ => None,
    };
    let moving: Vec<Address> = plan.decisions.iter().filter_map(moves).collect();
    let elsewhere = Elsewhere::of(graph, snapshot, &moving);
    let is_any = !elsewhere.0.is_empty();
    is_any.then(|| PlanNotice {
        summary: "Another place".to_owned(),
        detail: format!(
            "{}. What is there is deleted, and made anew here",
            elsewhere.told()
        ),
        hint: Some(elsewhere.way_back()),
    })
}

#[cfg(test)]
mod tests;
