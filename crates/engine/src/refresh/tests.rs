//! What a record says after it was refreshed.

use infra_model::decision::{Change, ChangeOrigin};
use infra_model::record::ObjectId;
use infra_model::resource::Target;
use infra_model::schema::{AttributeSchema, OnChange, RecoveryClass, TypicalDurations};
use infra_model::snapshot::{Condition, Owner};
use infra_model::value::Attributes;

use super::*;

const THING: &str = "redis.a/sim.named.thing.a";

fn attributes<const N: usize>(values: [(&str, Value); N]) -> Attributes {
    values.map(|(name, value)| (name.to_owned(), value)).into()
}

fn labels<const N: usize>(keys: [&'static str; N]) -> Value {
    Value::map(keys.map(|key| (key, Value::from(true))))
}

fn schema() -> ResourceSchema {
    let attribute = || AttributeSchema::new("", OnChange::InPlace);
    let labels = AttributeSchema {
        equality: Equality::DesiredKeys,
        ..attribute()
    };
    let status = attribute().default_value("running");
    ResourceSchema {
        resource_type: "sim.named.thing".parse().unwrap(),
        summary: String::new(),
        version: 1,
        recovery: RecoveryClass::Named,
        attributes: [("status", status), ("size", attribute()), ("labels", labels)]
            .map(|(name, schema)| (name.to_owned(), schema))
            .into(),
        outputs: BTreeMap::new(),
        holds_data: false,
        create_before_destroy: false,
        typical: TypicalDurations {
            create_ms: 1,
            update_ms: 1,
            delete_ms: 1,
        },
    }
}

fn record(inputs: Attributes) -> Record {
    Record {
        key: RecordKey::current(THING.parse().unwrap()),
        id: ObjectId("a".to_owned()),
        target: Target::default(),
        schema_version: 1,
        recovery: RecoveryClass::Named,
        inputs,
        outputs: Attributes::new(),
        dependencies: Default::default(),
        protect: false,
        create_before_destroy: false,
        tainted: false,
    }
}

/// Returns the inputs of a record after these attributes drifted.
fn inputs(recorded: Attributes, drifted: &[&str], seen: Attributes) -> Attributes {
    let change = |attribute: &&str| Change {
        attribute: (*attribute).to_owned(),
        before: Value::Null,
        after: Value::Null,
        origin: ChangeOrigin::Drift,
        replaces: false,
    };
    let drift = Drift {
        address: THING.parse().unwrap(),
        changes: drifted.iter().map(change).collect(),
        disappeared: false,
    };
    let observed = Observed {
        id: ObjectId("a".to_owned()),
        attributes: seen,
        outputs: Attributes::new(),
        condition: Condition::Complete,
        owner: Owner::Untagged,
    };
    refreshed(&record(recorded), Some(&schema()), &drift, &observed).inputs
}

#[test]
fn what_drifted_from_its_default_is_written_too() {
    let seen = attributes([("status", "stopped".into()), ("size", 2_i64.into())]);
    assert_eq!(
        inputs(attributes([]), &["status"], seen),
        attributes([("status", "stopped".into())])
    );
}

#[test]
fn keys_that_the_provider_filled_in_are_not_written() {
    let recorded = || attributes([("size", 1_i64.into()), ("labels", labels(["a", "b"]))]);
    let seen = |keys| attributes([("size", 2_i64.into()), ("labels", keys)]);
    assert_eq!(
        inputs(recorded(), &["size"], seen(labels(["a", "b", "filled_in"]))),
        attributes([("size", 2_i64.into()), ("labels", labels(["a", "b"]))])
    );
    assert_eq!(
        inputs(recorded(), &["labels"], seen(labels(["a", "filled_in"]))),
        attributes([("size", 1_i64.into()), ("labels", labels(["a"]))])
    );
}
