//! Ways back that there are not.

use infra_engine::opened::Absent;
use infra_engine::surgery;
use infra_model::journal::RecordChange;
use infra_model::record::{ObjectId, Record, RecordKey, Serial};

use super::{back, database, records, stack};
use crate::support::{Machine, Team, shown};

/// Writes a record as another engine would have, takes it away again, and returns the change that wrote it.
async fn once(machine: &Machine, record: &Record) -> Serial {
    let key = record.key.clone();
    let put = RecordChange::Put(Box::new(record.clone()));
    let mut written = Vec::new();
    for change in [put, RecordChange::Remove(key)] {
        let opened = machine.open(Absent::Refuse).await.unwrap();
        let serial = surgery::commit(&machine.backend(), &opened, "test", vec![change]).await;
        written.push(serial.unwrap());
    }
    written[0]
}

#[tokio::test]
async fn what_this_engine_cannot_make_is_refused() {
    let team = Team::new();
    let machine = team.machine("laptop", "");
    machine.apply(&stack("redis \"a\" {}")).await;
    let mut record = records(&machine).await.remove(0);
    record.key = RecordKey::current("redis.b/sim.token.thing.main".parse().unwrap());
    record.id = ObjectId("another".to_owned());
    record.schema_version += 1;
    let newer = once(&machine, &record).await;
    record.key = RecordKey::current("redis.b/other.cloud.thing.main".parse().unwrap());
    let other = once(&machine, &record).await;
    insta::assert_snapshot!(shown(&back(&machine, newer).await.unwrap_err()), @"
    `redis.b/sim.token.thing.main` was recorded with version 2 of its schema, and this engine plans with version 1
    Hint: Go back to a later change
    ");
    insta::assert_snapshot!(shown(&back(&machine, other).await.unwrap_err()), @"
    The provider of this environment has no type of resource for `redis.b/other.cloud.thing.main`
    Hint: The environment had another provider then: go back to a later change
    ");
}

#[tokio::test]
async fn there_is_no_way_back_to_a_change_that_never_was() {
    let team = Team::new();
    let machine = team.machine("laptop", "");
    let last = machine.apply(&database(20, 0)).await;
    for wrong in [Serial(0), Serial(last.0 + 1)] {
        let error = shown(&back(&machine, wrong).await.unwrap_err());
        let start = format!("There is no change {wrong} of environment `test`: they are 1 to {last}");
        assert!(error.starts_with(&start), "{error}");
    }
    let never = team.machine("other", &database(20, 0));
    let error = shown(&back(&never, Serial(1)).await.unwrap_err());
    assert!(error.contains("has never been applied"), "{error}");
}
