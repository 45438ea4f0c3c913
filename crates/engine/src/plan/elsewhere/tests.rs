//! What is said of objects that live elsewhere than the stack says.

use infra_model::component::Lifecycle;
use infra_model::record::{ObjectId, Record, RecordEntry, Serial};
use infra_model::resource::Desired;
use infra_model::schema::RecoveryClass;
use infra_model::snapshot::{Durations, Lineage};
use infra_plan::error::{Harm, ProtectedObject};

use super::*;

fn address(name: &str) -> Address {
    format!("redis.a/sim.named.thing.{name}").parse().unwrap()
}

fn place(region: &str) -> Target {
    Target([("region".to_owned(), region.to_owned())].into())
}

fn wanted(name: &str, region: &str) -> (Address, Desired) {
    let desired = Desired {
        address: address(name),
        inputs: Default::default(),
        after: Default::default(),
        target: place(region),
        lifecycle: Lifecycle::default(),
    };
    (address(name), desired)
}

fn recorded(name: &str, region: &str) -> (RecordKey, RecordEntry) {
    let key = RecordKey::current(address(name));
    let record = Record {
        key: key.clone(),
        id: ObjectId(name.to_owned()),
        target: place(region),
        schema_version: 1,
        recovery: RecoveryClass::Named,
        inputs: Default::default(),
        outputs: Default::default(),
        dependencies: Default::default(),
        protect: true,
        create_before_destroy: false,
        tainted: false,
    };
    (key, RecordEntry::of(record, Serial(1)).unwrap())
}

fn explained(region: &str) -> EngineError {
    let graph = ResourceGraph {
        resources: ["a", "b"].map(|name| wanted(name, region)).into(),
        ..ResourceGraph::default()
    };
    let snapshot = Snapshot {
        lineage: Lineage("here".to_owned()),
        serial: Serial(1),
        records: ["a", "b"].map(|name| recorded(name, "eu-west-1")).into(),
        observations: BTreeMap::new(),
        durations: Durations::default(),
    };
    let objects = vec![ProtectedObject {
        address: address("a"),
        harm: Harm::Delete,
    }];
    let error = EngineError::Plan(Box::new(PlanError::Protected { objects }));
    explain(error, &graph, &snapshot)
}

#[test]
fn a_region_that_changed_is_told_before_what_would_be_destroyed() {
    let error = explained("eu-west-2");
    assert_eq!(
        error.to_string(),
        "`region` was `eu-west-1` when 2 objects were made, and is `eu-west-2` now"
    );
    let hint = error.hint().unwrap();
    assert_eq!(
        hint,
        "Unless they are meant to move, set `region` back to `eu-west-1`"
    );
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("Protected objects"), "{source}");
}

#[test]
fn a_refusal_for_other_reasons_stays_as_it_is() {
    assert!(matches!(explained("eu-west-1"), EngineError::Plan(_)));
}
