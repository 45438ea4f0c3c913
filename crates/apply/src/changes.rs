//! What a call that was done, or an observation, changes in the records.

use infra_model::journal::RecordChange;
use infra_model::plan::Draft;
use infra_model::record::{Record, RecordError, RecordKey};
use infra_model::schema::{AttributeSchema, OnChange, ResourceSchema};
use infra_model::value::{Attributes, Value};

use crate::creation::{Creation, Made, Wholeness};
use crate::ledger::Ledger;

/// Returns the record of an object that was made from a draft; its inputs are in their stored form.
pub(crate) fn record(key: &RecordKey, draft: &Draft, made: Made) -> Record {
    Record {
        key: key.clone(),
        id: made.id,
        target: draft.target.clone(),
        schema_version: draft.schema_version,
        recovery: draft.recovery,
        inputs: draft.inputs.clone(),
        outputs: made.outputs,
        dependencies: draft.dependencies.clone(),
        protect: draft.protect,
        create_before_destroy: draft.create_before_destroy,
        tainted: made.wholeness == Wholeness::Half,
    }
}

/// Returns the changes after a create: the new record and, if it outlives it, the old one under its new name.
pub(crate) fn created(
    ledger: &Ledger<'_>,
    schema: Option<&ResourceSchema>,
    creation: Creation<'_>,
    made: Made,
) -> Result<Vec<RecordChange>, RecordError> {
    let mut changes = Vec::new();
    if let Some(token) = creation.depose
        && let Some(old) = ledger.record(creation.key)?
    {
        let key = RecordKey {
            address: old.key.address.clone(),
            deposed: Some(token.to_owned()),
        };
        changes.push(RecordChange::Put(Box::new(Record {
            key,
            ..(*old).clone()
        })));
    }
    let is_earlier = made.wholeness == Wholeness::Earlier;
    let mut record = record(creation.key, creation.draft, made);
    if is_earlier {
        let names = record.inputs.keys().cloned().collect::<Vec<_>>();
        doubt_unseen(&mut record.inputs, names.iter().map(String::as_str), schema);
    }
    changes.push(RecordChange::Put(Box::new(record)));
    Ok(changes)
}

/// Returns the change after an update that was done.
pub(crate) fn updated(old: &Record, draft: &Draft, outputs: Attributes) -> Vec<RecordChange> {
    let made = Made {
        id: old.id.clone(),
        outputs,
        wholeness: Wholeness::Whole,
    };
    vec![RecordChange::Put(Box::new(record(&old.key, draft, made)))]
}

/// Returns the change after an update of which nobody knows whether it was done.
///
/// What the provider shows is left to the next observation. What it never shows is in doubt from now on, so that the
/// next plan sets it again, or takes it away again, instead of trusting a value that may be wrong.
pub(crate) fn doubted<'n>(
    old: &Record,
    changed: impl Iterator<Item = &'n str>,
    schema: Option<&ResourceSchema>,
) -> Vec<RecordChange> {
    let mut record = old.clone();
    doubt_unseen(&mut record.inputs, changed, schema);
    if record.inputs == old.inputs {
        return Vec::new();
    }
    vec![RecordChange::Put(Box::new(record))]
}

fn doubt_unseen<'n>(
    inputs: &mut Attributes,
    names: impl Iterator<Item = &'n str>,
    schema: Option<&ResourceSchema>,
) {
    let Some(schema) = schema else { return };
    for name in names {
        let attribute = schema.attributes.get(name);
        // In doubt, an attribute that cannot change in place would look as if the object had to be replaced, and a
        // carried one has no other source than the record.
        let may_be_set_again = |attribute: &AttributeSchema| {
            !attribute.observed && !attribute.carried && attribute.on_change != OnChange::Replace
        };
        if attribute.is_some_and(may_be_set_again) {
            inputs.insert(name.to_owned(), Value::Null);
        }
    }
}
