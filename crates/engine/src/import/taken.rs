//! The record of an object that existed before: what the stack says of it, as the object has it.

use std::collections::BTreeMap;

use infra_model::address::Address;
use infra_model::expression::{self, Reference, each_reference};
use infra_model::record::{Record, RecordKey};
use infra_model::resource::Desired;
use infra_model::schema::{AttributeSchema, Equality, ResourceSchema};
use infra_model::snapshot::{Condition, Observed};
use infra_model::value::{Attributes, Value};

use crate::error::EngineError;
use crate::opened::Opened;

/// What objects that are recorded, or are about to be, returned. Secrets are sealed.
pub(crate) type Outputs = BTreeMap<Address, Attributes>;

/// Returns the outputs of everything that is recorded.
pub(crate) fn outputs(opened: &Opened) -> Result<Outputs, EngineError> {
    let current = opened
        .state
        .records
        .iter()
        .filter(|(key, _)| key.deposed.is_none());
    current
        .map(|(key, entry)| Ok((key.address.clone(), entry.outputs().map_err(EngineError::defect)?)))
        .collect()
}

/// An object that is taken into the state.
#[derive(Debug)]
pub(crate) struct Taken {
    /// What is recorded of it.
    pub(crate) record: Record,
    /// Attributes that are recorded as the stack says them, because nobody could look.
    pub(crate) assumed: Vec<String>,
}

/// Returns what is recorded of an object. Secrets of the observation are sealed.
pub(crate) fn take(
    desired: &Desired,
    schema: &ResourceSchema,
    observed: Observed,
    outputs: &Outputs,
) -> Taken {
    let (mut inputs, mut assumed) = (Attributes::new(), Vec::new());
    for (name, attribute) in &schema.attributes {
        let wanted = desired.inputs.get(name).filter(|value| !value.is_null());
        let seen = observed.attributes.get(name).filter(|_| attribute.observed);
        let value = match seen {
            Some(seen) => as_seen(attribute, wanted, seen),
            // What a provider shows key by key and shows nothing of is empty.
            None if attribute.observed && attribute.equality == Equality::DesiredKeys => None,
            None => {
                let value = wanted.and_then(|wanted| as_wanted(wanted, outputs));
                assumed.extend(value.is_some().then(|| name.clone()));
                value
            }
        };
        if let Some(value) = value {
            inputs.insert(name.clone(), value);
        }
    }
    let record = Record {
        key: RecordKey::current(desired.address.clone()),
        id: observed.id,
        target: desired.target.clone(),
        schema_version: schema.version,
        recovery: schema.recovery,
        inputs,
        outputs: observed.outputs,
        dependencies: desired.dependencies(),
        protect: desired.lifecycle.protect,
        create_before_destroy: desired
            .lifecycle
            .create_before_destroy
            .unwrap_or(schema.create_before_destroy),
        tainted: observed.condition == Condition::HalfMade,
    };
    Taken { record, assumed }
}

/// Returns what is recorded of an attribute that can be seen: of what the stack does not set only what would count as its default
/// or is kept as it is; the rest stays the provider's, or the next plan would take it away.
fn as_seen(attribute: &AttributeSchema, wanted: Option<&Value>, seen: &Value) -> Option<Value> {
    let is_meant = wanted.is_some() || attribute.default.is_some() || attribute.carried;
    if seen.is_null() || !is_meant {
        return None;
    }
    match (attribute.equality, wanted, seen) {
        (Equality::DesiredKeys, Some(Value::Map(wanted)), Value::Map(seen)) => {
            let ours = seen.iter().filter(|(key, _)| wanted.contains_key(*key));
            Some(Value::Map(
                ours.map(|(key, value)| (key.clone(), value.clone())).collect(),
            ))
        }
        _ => Some(seen.clone()),
    }
}

/// Returns what is recorded of an attribute that nobody can see: what the stack says, once all it refers to is known.
fn as_wanted(wanted: &Value, outputs: &Outputs) -> Option<Value> {
    resolved(wanted, outputs).filter(|value| !waits(value))
}

/// Returns a value with references replaced by outputs that are known; nothing if an operation does not fit them.
pub(crate) fn resolved(value: &Value, outputs: &Outputs) -> Option<Value> {
    let lookup = |reference: &Reference| match reference {
        Reference::Output { address, output, .. } => outputs.get(address)?.get(output).cloned(),
        _ => None,
    };
    expression::resolve_sealed(value.clone(), &lookup).ok()
}

/// Tells whether a value refers to something.
pub(crate) fn waits(value: &Value) -> bool {
    let mut found = false;
    each_reference(value, &mut |_| found = true);
    found
}
