//! Applies plans to snapshots without a world: every call succeeds, and outputs follow from inputs.

use std::collections::BTreeMap;

use infra_model::address::Address;
use infra_model::expression::{self, Reference};
use infra_model::plan::{Action, Draft, Plan, Step};
use infra_model::record::{ObjectId, Record, RecordEntry, RecordKey, Serial};
use infra_model::schema::SchemaSet;
use infra_model::sealing::Sealed;
use infra_model::snapshot::Snapshot;
use infra_model::value::{Attributes, Value, canonical};

/// Returns the snapshot after the plan. What was observed before says nothing about it and is dropped.
pub(crate) fn apply(plan: &Plan, before: &Snapshot, schemas: &SchemaSet) -> Snapshot {
    let mut after = Snapshot {
        observations: BTreeMap::new(),
        ..before.clone()
    };
    for (key, serial) in &plan.touched {
        assert_eq!(
            before.records.get(key).map(|entry| entry.serial),
            *serial,
            "{key}"
        );
    }
    move_records(plan, &mut after);
    for step in &plan.steps {
        after.serial = Serial(after.serial.0 + 1);
        do_step(step, &mut after, schemas);
    }
    assert_eq!(after.check(), []);
    after
}

fn move_records(plan: &Plan, snapshot: &mut Snapshot) {
    if plan.moves.is_empty() {
        return;
    }
    let moves: BTreeMap<&Address, &Address> = plan.moves.iter().map(|one| (&one.from, &one.to)).collect();
    let new = |address: &Address| moves.get(address).map_or(address, |to| *to).clone();
    let records = std::mem::take(&mut snapshot.records);
    for (key, entry) in records {
        let mut record = Record::clone(entry.record().unwrap());
        record.key = RecordKey {
            address: new(&key.address),
            deposed: key.deposed,
        };
        record.dependencies = record.dependencies.iter().map(new).collect();
        put(snapshot, record);
    }
}

fn do_step(step: &Step, snapshot: &mut Snapshot, schemas: &SchemaSet) {
    let key = &step.key;
    match &step.action {
        Action::Create { draft, depose } => {
            if let Some(token) = depose {
                let old = snapshot.records.remove(key).expect("a record to set aside");
                let mut old = Record::clone(old.record().unwrap());
                old.key.deposed = Some(token.clone());
                put(snapshot, old);
            } else if let Some(stale) = snapshot.records.remove(key) {
                drop(stale);
            }
            let id = ObjectId(format!("{}#{}", key.address, snapshot.serial));
            let record = record(key, id, draft, snapshot, schemas);
            put(snapshot, record);
        }
        Action::Update {
            id, draft, before, ..
        } => {
            let entry = &snapshot.records[key];
            assert_eq!(
                (&entry.record().unwrap().id, entry.inputs_digest),
                (id, *before),
                "{key}"
            );
            let mut record = record(key, id.clone(), draft, snapshot, schemas);
            let old = snapshot.records[key].record().unwrap();
            let schema = schemas.get(key.address.resource_type_str()).unwrap();
            for (name, value) in &old.outputs {
                if !schema.outputs[name].changes_on_update {
                    record.outputs.insert(name.clone(), value.clone());
                }
            }
            put(snapshot, record);
        }
        Action::Delete { id, before } => {
            let entry = snapshot.records.remove(key).expect("a record to delete");
            assert_eq!(
                (&entry.record().unwrap().id, entry.inputs_digest),
                (id, *before),
                "{key}"
            );
        }
        Action::Adopt { id, draft, outputs } => {
            let mut record = record(key, id.clone(), draft, snapshot, schemas);
            record.outputs = outputs.clone();
            put(snapshot, record);
        }
        Action::Forget => assert!(snapshot.records.remove(key).is_some()),
    }
}

fn record(key: &RecordKey, id: ObjectId, draft: &Draft, snapshot: &Snapshot, schemas: &SchemaSet) -> Record {
    let inputs = resolve(&draft.inputs, snapshot);
    let schema = schemas.get(key.address.resource_type_str()).unwrap();
    let digest = canonical::digest_inputs(&inputs, &draft.target);
    let outputs = schema.outputs.iter().map(|(name, schema)| {
        let value = match (name.as_str(), schema.secret) {
            ("id", _) => Value::string(id.0.as_str()),
            (_, false) => Value::string(format!("{name} {}", digest.short())),
            (_, true) => Value::Sealed(Sealed::from_text(format!("{name} {}", digest.short()))),
        };
        (name.clone(), value)
    });
    Record {
        key: key.clone(),
        outputs: outputs.collect(),
        id,
        target: draft.target.clone(),
        schema_version: draft.schema_version,
        recovery: draft.recovery,
        inputs,
        dependencies: draft.dependencies.clone(),
        protect: draft.protect,
        create_before_destroy: draft.create_before_destroy,
        tainted: false,
    }
}

fn resolve(inputs: &Attributes, snapshot: &Snapshot) -> Attributes {
    let lookup = |reference: &Reference| {
        let Reference::Output { address, output, .. } = reference else {
            panic!("`{reference}` is no output");
        };
        let entry = snapshot.records.get(&RecordKey::current(address.clone()));
        let entry = entry.unwrap_or_else(|| panic!("`{reference}` does not exist yet"));
        let value = entry.record().unwrap().outputs.get(output).cloned();
        Some(value.unwrap_or_else(|| panic!("`{reference}` is not recorded")))
    };
    inputs
        .iter()
        .map(|(name, value)| (name.clone(), expression::resolve(value.clone(), &lookup).unwrap()))
        .collect()
}

/// Writes a record at the snapshot's serial.
pub(crate) fn put(snapshot: &mut Snapshot, record: Record) {
    let key = record.key.clone();
    let entry = RecordEntry::of(record, snapshot.serial).unwrap();
    // As a store gives it back: not parsed yet.
    let entry = RecordEntry::from_parts(entry.header(), entry.bytes().clone());
    snapshot.records.insert(key, entry);
}
