//! Stacks of many resources and the states that belong to them.
//!
//! Each resource has fifteen attributes; in the linked shape every second one refers to two outputs of the one
//! before it. Records are bytes, as a store gives them.

use std::collections::{BTreeMap, BTreeSet};

use infra_model::address::Address;
use infra_model::component::Lifecycle;
use infra_model::expression::{Expression, Reference, resolve};
use infra_model::operation::{Operation, Operator};
use infra_model::record::{ObjectId, Record, RecordEntry, RecordKey, Serial};
use infra_model::resource::{Desired, ResourceGraph, Target};
use infra_model::schema::{
    AttributeSchema, Equality, OnChange, OutputSchema, RecoveryClass, ResourceSchema, SchemaSet,
    TypicalDurations,
};
use infra_model::snapshot::{Condition, Observation, Observed, Owner, Snapshot};
use infra_model::value::{Attributes, Value};
use infra_plan::plan;
use infra_plan::request::{PlanOptions, PlanOrigin, PlanRequest};

/// Whether resources refer to each other.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Shape {
    Plain,
    Linked,
}

fn address(at: usize) -> Address {
    let text = format!("postgres.main[\"tenant-{at:06}\"]/bench.postgres.server.primary");
    text.parse().expect("a well-formed address")
}

fn desired(at: usize, shape: Shape) -> Desired {
    let mut inputs: Attributes = (0..12)
        .map(|number| {
            (
                format!("attribute_{number:02}"),
                Value::string(format!("value {number} of {at}")),
            )
        })
        .collect();
    inputs.insert("size_gb".into(), Value::from(20_i64));
    inputs.insert(
        "tags".into(),
        Value::map([("team", Value::from("shop")), ("stage", "production".into())]),
    );
    inputs.insert("zones".into(), Value::list(["a", "b", "c"].map(Value::from)));
    if shape == Shape::Linked && at % 2 == 1 {
        let output = |output: &str| {
            Value::deferred(Expression::Reference(Reference::Output {
                address: address(at - 1),
                output: output.to_owned(),
                secret: false,
            }))
        };
        let url = vec!["postgres://".into(), output("endpoint"), "/app".into()];
        let url = Operation::Operator(Operator::Template)
            .fold(url)
            .expect("a template");
        inputs.insert("attribute_00".into(), url);
        inputs.insert("attribute_01".into(), output("id"));
    }
    Desired {
        address: address(at),
        inputs,
        after: BTreeSet::new(),
        target: Target([("region".to_owned(), "eu-west-1".to_owned())].into()),
        lifecycle: Lifecycle::default(),
    }
}

fn outputs(address: &Address) -> Attributes {
    let value = |name: &str| (name.to_owned(), Value::string(format!("{name} of {address}")));
    ["id", "endpoint", "arn", "created"].map(value).into()
}

fn record(desired: &Desired) -> Record {
    let lookup = |reference: &Reference| match reference {
        Reference::Output { address, output, .. } => outputs(address).get(output).cloned(),
        Reference::Export { .. } => None,
    };
    let inputs = desired.inputs.iter();
    Record {
        key: RecordKey::current(desired.address.clone()),
        id: ObjectId(desired.address.to_string()),
        target: desired.target.clone(),
        schema_version: 1,
        recovery: RecoveryClass::Named,
        inputs: inputs
            .map(|(name, value)| {
                (
                    name.clone(),
                    resolve(value.clone(), &lookup).expect("known outputs"),
                )
            })
            .collect(),
        outputs: outputs(&desired.address),
        dependencies: desired.dependencies(),
        protect: false,
        create_before_destroy: false,
        tainted: false,
    }
}

/// Returns the one type that there is.
pub(crate) fn schemas() -> SchemaSet {
    let attribute = |name: &str| {
        let schema = AttributeSchema {
            summary: String::new(),
            on_change: OnChange::InPlace,
            equality: if name == "tags" {
                Equality::DesiredKeys
            } else {
                Equality::Exact
            },
            carried: false,
            stands_alone: false,
            observed: true,
            default: None,
            ascent: None,
            unlocks: None,
        };
        (name.to_owned(), schema)
    };
    let output = |name: &str| {
        let schema = OutputSchema {
            summary: String::new(),
            secret: false,
            changes_on_update: false,
        };
        (name.to_owned(), schema)
    };
    SchemaSet::new([ResourceSchema {
        resource_type: "bench.postgres.server".parse().expect("a well-formed type"),
        summary: String::new(),
        version: 1,
        recovery: RecoveryClass::Named,
        attributes: desired(0, Shape::Plain)
            .inputs
            .keys()
            .map(|name| attribute(name))
            .collect(),
        outputs: ["id", "endpoint", "arn", "created"].map(output).into(),
        holds_data: true,
        create_before_destroy: false,
        typical: TypicalDurations {
            create_ms: 1,
            update_ms: 1,
            delete_ms: 1,
        },
    }])
}

/// Returns a stack and a state in which everything is recorded as it is wanted.
pub(crate) fn world(count: usize, shape: Shape) -> (ResourceGraph, Snapshot) {
    let mut graph = ResourceGraph::default();
    let mut records = BTreeMap::new();
    for at in 0..count {
        let desired = desired(at, shape);
        let entry = RecordEntry::of(record(&desired), Serial(1)).expect("no secrets");
        let unread = RecordEntry::from_parts(entry.header(), entry.bytes().clone());
        records.insert(RecordKey::current(desired.address.clone()), unread);
        graph.resources.insert(desired.address.clone(), desired);
    }
    let snapshot = Snapshot {
        serial: Serial(1),
        records,
        ..Snapshot::default()
    };
    (graph, snapshot)
}

/// Changes one attribute of one resource.
pub(crate) fn change(graph: &mut ResourceGraph) {
    let middle = address(graph.resources.len() / 2);
    let changed = graph.resources.get_mut(&middle).expect("one in the middle");
    changed.inputs.insert("size_gb".into(), Value::from(40_i64));
}

/// Lets every object be seen as it is recorded, with the records parsed, as observing needs them.
pub(crate) fn observe(snapshot: &mut Snapshot) {
    for (key, entry) in &snapshot.records {
        let record = entry.record().expect("a sound record");
        let observed = Observed {
            id: record.id.clone(),
            attributes: record.inputs.clone(),
            outputs: record.outputs.clone(),
            condition: Condition::Complete,
            owner: Owner::Ours {
                address: key.address.clone(),
                token: infra_model::journal::Token(String::new()),
            },
        };
        snapshot
            .observations
            .insert(key.clone(), Observation::Present(observed));
    }
}

/// Returns the number of steps of the plan.
pub(crate) fn steps(graph: &ResourceGraph, snapshot: &Snapshot, schemas: &SchemaSet) -> usize {
    let request = PlanRequest {
        graph,
        snapshot,
        schemas,
        moved: &[],
        options: &PlanOptions::default(),
        origin: &PlanOrigin::default(),
    };
    plan(&request).expect("a plan").steps.len()
}

/// Returns the number of attributes of all records, each of which is parsed.
pub(crate) fn read(snapshot: &Snapshot) -> usize {
    let records = snapshot.records.values();
    let attributes = |entry: &RecordEntry| {
        let record = Record::decode(entry.bytes()).expect("a sound record");
        record.inputs.len() + record.outputs.len()
    };
    records.map(attributes).sum()
}
