//! Takes what the providers see into the state, without changing the world.

use infra_model::decision::Drift;
use infra_model::journal::RecordChange;
use infra_model::record::{Record, RecordKey};
use infra_model::sealing::{Sealing, seal_value};
use infra_model::snapshot::{Observation, Observed};

use crate::backend::Backend;
use crate::error::EngineError;
use crate::plan::Planned;
use crate::surgery;

/// Writes what was observed into the records of everything that drifted, and returns what that was.
///
/// Afterwards a plan shows the way from what exists to what the stack wants as ordinary changes, not as drift.
///
/// # Errors
///
/// When somebody else holds the lease or the store fails; then nothing was changed.
pub async fn refresh(backend: &Backend, planned: &Planned) -> Result<Vec<Drift>, EngineError> {
    let opened = &planned.opened;
    let mut changes = Vec::new();
    for drift in &planned.plan.drift {
        let key = RecordKey::current(drift.address.clone());
        match planned.snapshot.observations.get(&key) {
            Some(Observation::Present(observed)) => {
                changes.push(RecordChange::Put(Box::new(refreshed(planned, &key, observed)?)));
            }
            Some(Observation::Absent) => changes.push(RecordChange::Remove(key)),
            None => {}
        }
    }
    if !changes.is_empty() {
        surgery::commit(backend, opened, "refresh", changes).await?;
    }
    Ok(planned.plan.drift.clone())
}

fn refreshed(planned: &Planned, key: &RecordKey, observed: &Observed) -> Result<Record, EngineError> {
    let defect = |message: String| EngineError::Defect { message };
    let entry = planned
        .snapshot
        .records
        .get(key)
        .ok_or_else(|| defect(format!("`{key}` is observed, not recorded")))?;
    let mut record = Record::clone(entry.record().map_err(|error| defect(error.to_string()))?);
    let sealing: &dyn Sealing = &*planned.opened.key;
    let seal = |value: &infra_model::value::Value| seal_value(value.clone(), sealing);
    for (name, value) in &observed.attributes {
        if record.inputs.contains_key(name) {
            record.inputs.insert(name.clone(), seal(value));
        }
    }
    record.outputs.extend(
        observed
            .outputs
            .iter()
            .map(|(name, value)| (name.clone(), seal(value))),
    );
    record.id = observed.id.clone();
    Ok(record)
}
