//! What a history tells of objects that vanished, and what it cannot.

use infra_model::journal::{HistoryChange, Operation};
use infra_model::record::{ObjectId, RecordEntry, RecordKey};
use infra_model::schema::RecoveryClass;

use super::*;

fn record() -> Record {
    Record {
        key: RecordKey::current("redis.a/sim.token.thing.main".parse().unwrap()),
        id: ObjectId("a".to_owned()),
        target: Default::default(),
        schema_version: 1,
        recovery: RecoveryClass::Token,
        inputs: Default::default(),
        outputs: Default::default(),
        dependencies: BTreeSet::new(),
        protect: false,
        create_before_destroy: false,
        tainted: false,
    }
}

/// Returns what is told of a change that wrote the record again, with this outcome.
fn told(outcome: Outcome, made: bool) -> (bool, bool) {
    let record = record();
    let entry = RecordEntry::of(record.clone(), Serial(1)).unwrap();
    let records = BTreeMap::from([(record.key.clone(), entry)]);
    let times = Times::new(&records, &records).unwrap();
    let since = [HistoryEntry {
        serial: Serial(2),
        previous: Default::default(),
        at: Default::default(),
        operation: Operation::default(),
        epoch: Default::default(),
        changes: vec![HistoryChange {
            key: record.key.clone(),
            after: Some(Box::new(record.clone())),
        }],
        outcome: Some(outcome),
        made,
        relocation: None,
    }];
    let is_in = |all: BTreeMap<Address, Serial>| all.contains_key(&record.key.address);
    (is_in(deletions(&since, &times)), is_in(found(&since, &times)))
}

#[test]
fn an_object_that_was_made_is_another_whatever_its_identity() {
    assert_eq!(told(Outcome::Done, true), (true, false));
    assert_eq!(told(Outcome::Done, false), (false, false), "it was changed");
}

#[test]
fn of_an_object_that_was_found_nobody_knows_whether_it_was_made() {
    let resolved = |finding| told(Outcome::Resolved { finding }, false);
    assert_eq!(resolved(Finding::Adopted), (false, true));
    assert_eq!(
        resolved(Finding::AdoptedHalfMade),
        (true, false),
        "only a create leaves that"
    );
    assert_eq!(resolved(Finding::StillThere), (false, false));
}
