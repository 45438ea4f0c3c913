//! Takes what the providers see into the state, without changing the world.

use std::collections::BTreeMap;

use infra_model::address::Address;
use infra_model::decision::Drift;
use infra_model::journal::RecordChange;
use infra_model::record::{Record, RecordKey};
use infra_model::schema::{Equality, ResourceSchema};
use infra_model::snapshot::{Observation, Observed};
use infra_model::value::{Attributes, Value};

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
    let moves = planned.plan.moves.iter();
    let stored: BTreeMap<&Address, &Address> = moves.map(|moved| (&moved.to, &moved.from)).collect();
    let mut changes = Vec::new();
    for drift in &planned.plan.drift {
        // A record that is about to move was looked at under the address that it has.
        let address = stored.get(&drift.address).copied().unwrap_or(&drift.address);
        let key = RecordKey::current(address.clone());
        match planned.snapshot.observations.get(&key) {
            Some(Observation::Present(observed)) => {
                let record = recorded(planned, &key)?;
                let schemas = planned.provider.kinds().schemas();
                let schema = schemas.get(key.address.resource_type_str());
                changes.push(RecordChange::Put(Box::new(refreshed(
                    record, schema, drift, observed,
                ))));
            }
            Some(Observation::Absent) => changes.push(RecordChange::Remove(key)),
            None => {}
        }
    }
    if !changes.is_empty() {
        surgery::commit(backend, &planned.opened, "refresh", changes).await?;
    }
    Ok(planned.plan.drift.clone())
}

fn recorded<'a>(planned: &'a Planned, key: &RecordKey) -> Result<&'a Record, EngineError> {
    let entry = planned.snapshot.records.get(key);
    let entry = entry.ok_or_else(|| EngineError::defect(format!("`{key}` is observed, not recorded")))?;
    Ok(entry.record().map_err(EngineError::defect)?)
}

/// Returns a record with what drifted, also where it had no value so far, and with all outputs that are seen. Secrets
/// in an observation are sealed already.
fn refreshed(record: &Record, schema: Option<&ResourceSchema>, drift: &Drift, observed: &Observed) -> Record {
    let mut refreshed = record.clone();
    for change in &drift.changes {
        let name = &change.attribute;
        let Some(seen) = observed.attributes.get(name) else {
            continue;
        };
        let attribute = schema.and_then(|schema| schema.attributes.get(name));
        let seen = match (attribute.map(|attribute| attribute.equality), seen) {
            (Some(Equality::DesiredKeys), Value::Map(seen)) => without_noise(seen, record.inputs.get(name)),
            _ => seen.clone(),
        };
        match seen.is_null() {
            true => refreshed.inputs.remove(name),
            false => refreshed.inputs.insert(name.clone(), seen),
        };
    }
    refreshed.outputs.extend(observed.outputs.clone());
    refreshed.id = observed.id.clone();
    refreshed
}

/// Returns the keys that were applied, as they are seen. The others are the provider's, and recording one would tell the
/// next plan that the stack does not want it any more.
fn without_noise(seen: &Attributes, applied: Option<&Value>) -> Value {
    let applied = applied.and_then(Value::as_map);
    let is_ours = |key: &String| applied.is_some_and(|applied| applied.contains_key(key));
    let ours = seen.iter().filter(|(key, _)| is_ours(key));
    Value::Map(ours.map(|(key, value)| (key.clone(), value.clone())).collect())
}

#[cfg(test)]
mod tests;
