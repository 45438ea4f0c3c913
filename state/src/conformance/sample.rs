//! Small states to test stores with.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use infra_model::clock::Timestamp;
use infra_model::digest::Digest;
use infra_model::journal::{Commit, Epoch, Intent, IntentId, Operation, Outcome, RecordChange, Token};
use infra_model::plan::{Action, Draft, StepId};
use infra_model::record::{ObjectId, Record, RecordKey};
use infra_model::resource::Target;
use infra_model::schema::RecoveryClass;
use infra_model::snapshot::Lineage;
use infra_model::value::{Attributes, Value};

use crate::conformance::SharedStore;
use crate::contract::{Lease, LeaseRequest, STATE_FORMAT, StateHeader};

/// Returns the time that many seconds after the samples begin.
#[must_use]
pub fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000).after(Duration::from_secs(seconds))
}

/// Returns the header of the sample state.
#[must_use]
pub fn header() -> StateHeader {
    StateHeader {
        format: STATE_FORMAT,
        lineage: Lineage("sample-lineage".to_owned()),
        stack: "shop".to_owned(),
        environment: "local".to_owned(),
        wrapped_key: "a wrapped key".to_owned(),
    }
}

/// Returns a request of the lease for ten seconds.
#[must_use]
pub fn request(holder: &str, now: Timestamp) -> LeaseRequest {
    LeaseRequest {
        holder: holder.to_owned(),
        now,
        duration: Duration::from_secs(10),
    }
}

/// Returns the key of the current object of a sample resource.
#[must_use]
pub fn key(name: &str) -> RecordKey {
    let address = format!("postgres.{name}/sim.postgres.server.primary");
    RecordKey::current(address.parse().expect("sample names are names"))
}

/// Returns the record of a sample resource of that size.
#[must_use]
pub fn record(name: &str, size: i64) -> Record {
    Record {
        key: key(name),
        id: ObjectId(format!("object-{name}")),
        target: Target(BTreeMap::from([("region".to_owned(), "here".to_owned())])),
        schema_version: 1,
        recovery: RecoveryClass::Named,
        inputs: inputs(size),
        outputs: Attributes::from([("endpoint".to_owned(), Value::from(format!("{name}.example")))]),
        dependencies: BTreeSet::from([key("network").address]),
        protect: false,
        create_before_destroy: false,
        tainted: false,
    }
}

fn inputs(size: i64) -> Attributes {
    Attributes::from([
        ("size".to_owned(), Value::from(size)),
        ("extensions".to_owned(), Value::list([Value::from("vector")])),
    ])
}

/// Returns the intent to make a sample resource.
#[must_use]
pub fn intent(name: &str, now: Timestamp) -> Intent {
    let record = record(name, 1);
    Intent {
        plan: Digest::of(b"plan"),
        step: StepId(0),
        key: record.key.clone(),
        action: Action::Create {
            draft: Draft {
                inputs: record.inputs,
                target: record.target,
                schema_version: record.schema_version,
                recovery: record.recovery,
                dependencies: record.dependencies,
                protect: record.protect,
                create_before_destroy: record.create_before_destroy,
            },
            depose: None,
        },
        token: Token(format!("token-{name}")),
        at: now,
    }
}

/// Returns a commit of these changes.
#[must_use]
pub fn commit(changes: impl IntoIterator<Item = RecordChange>) -> Commit {
    Commit {
        changes: changes.into_iter().collect(),
        operation: Operation {
            id: "operation-1".to_owned(),
            command: "apply".to_owned(),
            who: "jo@laptop".to_owned(),
            plan: Some(Digest::of(b"plan")),
        },
        at: at(5),
        ..Commit::default()
    }
}

/// Returns a commit that writes a sample record.
#[must_use]
pub fn put(name: &str, size: i64) -> Commit {
    commit([RecordChange::Put(Box::new(record(name, size)))])
}

/// Returns a commit that closes an intent as done and writes a sample record.
#[must_use]
pub fn done(id: IntentId, name: &str) -> Commit {
    Commit {
        closes: Some((id, Outcome::Done)),
        ..put(name, 1)
    }
}

/// Takes the lease at the beginning of the samples and begins the state.
pub async fn begin(store: &SharedStore) -> Epoch {
    let lease = take(store).await;
    store
        .initialize(lease.epoch, &header())
        .await
        .expect("an empty store begins a state");
    lease.epoch
}

/// Takes the lease at the beginning of the samples.
pub async fn take(store: &SharedStore) -> Lease {
    let asked = request("jo@laptop, process 1", at(0));
    store.acquire(&asked).await.expect("a free lease is granted")
}
