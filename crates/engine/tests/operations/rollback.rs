//! The way back to an earlier change: what was recorded then is wanted again, and what cannot be undone is told.

use std::time::Duration;

use infra_engine::error::EngineError;
use infra_engine::opened::Absent;
use infra_engine::plan::Planned;
use infra_engine::rollback::{self, RollbackRequest};
use infra_engine::{audit, migrate};
use infra_model::decision::Decision;
use infra_model::record::{Record, RecordKey, Serial};
use infra_model::value::Value;

use crate::support::{Machine, Team};

mod doubts;
mod lost;
mod names;
mod protected;
mod refused;
mod standing;

/// Returns a stack of these components.
fn stack(components: &str) -> String {
    format!("stack {{\n  name = \"shop\"\n}}\n{components}\n")
}

/// A database of so many gigabytes and replicas, with a role whose password comes from it.
fn database(gigabytes: u32, replicas: u32) -> String {
    stack(&format!(
        "postgres \"main\" {{\n  storage_gb = {gigabytes}\n  replicas = {replicas}\n  role \"app\" {{ access = \"read\" }}\n}}"
    ))
}

async fn back(machine: &Machine, to: Serial) -> Result<Planned, EngineError> {
    let request = RollbackRequest {
        target: machine.target(),
        to,
        wait: Duration::ZERO,
    };
    rollback::plan(&machine.backend(), &request).await
}

/// Returns the decisions of a plan, one per line, and its notices.
fn told(planned: &Planned) -> String {
    let plan = &planned.plan;
    let decisions = plan.decisions.iter().map(|(address, decision)| {
        let what = match decision {
            Decision::Keep => "keep",
            Decision::Create { .. } => "create",
            Decision::Update { .. } => "update",
            Decision::Replace { .. } => "replace",
            Decision::Delete { .. } => "delete",
            Decision::Adopt { .. } => "adopt",
            Decision::Forget { .. } => "forget",
        };
        let changes = decision.changes().iter().map(|change| change.attribute.as_str());
        let changes: Vec<&str> = match decision {
            Decision::Update { .. } | Decision::Replace { .. } => changes.collect(),
            _ => Vec::new(),
        };
        format!("{what} {address} {}", changes.join(" "))
            .trim_end()
            .to_owned()
    });
    let moves = plan
        .moves
        .iter()
        .map(|one| format!("move {} to {}", one.from, one.to));
    let notices = plan.notices.iter().map(|one| {
        let hint = one
            .hint
            .iter()
            .map(|hint| format!(" [{hint}]"))
            .collect::<String>();
        format!("{}: {}{hint}", one.summary, one.detail)
    });
    decisions
        .chain(moves)
        .chain(notices)
        .collect::<Vec<_>>()
        .join("\n")
}

async fn records(machine: &Machine) -> Vec<Record> {
    let opened = machine.open(Absent::Refuse).await.unwrap();
    let records = opened.state.records.values();
    records
        .map(|entry| Record::clone(entry.record().unwrap()))
        .collect()
}

/// Returns records without what a cloud makes anew each time.
fn comparable(records: &[Record]) -> Vec<(String, Option<Value>, Option<Value>)> {
    let input = |record: &Record, name: &str| record.inputs.get(name).cloned();
    let records = records.iter();
    records
        .map(|record| {
            (
                record.key.to_string(),
                input(record, "size"),
                input(record, "mode"),
            )
        })
        .collect()
}

#[tokio::test]
async fn changed_values_go_back_and_what_was_made_since_goes() {
    let team = Team::new();
    let machine = team.machine("laptop", "");
    let then = machine.apply(&database(20, 1)).await;
    let before = records(&machine).await;
    machine.apply(&database(50, 2)).await;
    let planned = back(&machine, then).await.unwrap();
    assert_eq!(planned.plan.header.rollback, Some(then));
    insta::assert_snapshot!(told(&planned), @"
    update postgres.main/sim.named.thing.main size
    delete postgres.main/sim.named.thing.replica-2
    This cannot be undone: `postgres.main/sim.named.thing.replica-2`: their data is destroyed, and going forward again makes the objects and not the data
    The stack is not turned back: Where its files want something else than this, the next plan leads there again [Put its files back to what they were at change 3 too: first, and plan again, or once this is applied]
    ");
    machine.finish(&planned).await;
    assert_eq!(comparable(&records(&machine).await), comparable(&before));
    assert!(back(&machine, then).await.unwrap().plan.is_empty());

    let forward = machine.plan().await;
    assert!(!forward.plan.is_empty(), "the stack goes forward again");
    machine.write("stack.hcl", &database(20, 1));
    assert!(
        machine.plan().await.plan.is_empty(),
        "its files of then want nothing"
    );
}

#[tokio::test]
async fn what_was_deleted_comes_back_without_data_and_refers_to_what_is_made_now() {
    let team = Team::new();
    let machine = team.machine("laptop", "");
    let then = machine.apply(&database(20, 1)).await;
    let gone = machine.apply(&stack("blob_store \"files\" {}")).await;
    let planned = back(&machine, then).await.unwrap();
    let text = told(&planned).replace(&format!("change {gone}"), "change [last]");
    insta::assert_snapshot!(text, @"
    delete blob_store.files/sim.named.thing.main
    create postgres.main/sim.named.thing.main
    create postgres.main/sim.named.thing.replica-1
    create postgres.main/sim.token.thing.role-app
    Objects come back without their data: `postgres.main/sim.named.thing.main` (deleted by change [last]), `postgres.main/sim.named.thing.replica-1` (deleted by change 5): they are made again from what is recorded, and nothing else that they held comes back [Restore their data from a backup afterwards]
    Secrets of then are gone: `postgres.main/sim.named.thing.main`, `postgres.main/sim.named.thing.replica-1`, `postgres.main/sim.token.thing.role-app`: what was generated or rotated since is not turned back, and everything that uses it gets the secret of now
    This cannot be undone: `blob_store.files/sim.named.thing.main`: their data is destroyed, and going forward again makes the objects and not the data
    The stack is not turned back: Where its files want something else than this, the next plan leads there again [Put its files back to what they were at change 3 too: first, and plan again, or once this is applied]
    ");
    machine.finish(&planned).await;

    let records = records(&machine).await;
    let named = |name: &str| {
        records
            .iter()
            .find(|record| record.key.to_string().contains(name))
            .unwrap()
    };
    let (main, role) = (named("thing.main"), named("role-app"));
    assert_eq!(
        role.inputs["password"], main.outputs["key"],
        "the password is the one of now"
    );
    assert_eq!(role.inputs["home"], main.outputs["id"]);
}

#[tokio::test]
async fn protected_objects_stay_and_are_told() {
    let team = Team::new();
    let machine = team.machine("laptop", "");
    let then = machine.apply(&database(20, 0)).await;
    let ledger = "postgres \"ledger\" {\n  protect = true\n  role \"app\" { access = \"read\" }\n}";
    machine.apply(&(database(20, 0) + ledger)).await;
    let planned = back(&machine, then).await.unwrap();
    insta::assert_snapshot!(told(&planned), @"Protected objects stay as they are: `postgres.ledger/sim.named.thing.main` (would be deleted), `postgres.ledger/sim.token.thing.role-app` (would be deleted): a rollback does not lift protection [To undo them too, lift their protection first, in a change of its own]");
    machine.finish(&planned).await;
    let opened = machine.open(Absent::Refuse).await.unwrap();
    let ledger = RecordKey::current("postgres.ledger/sim.named.thing.main".parse().unwrap());
    assert!(opened.state.records[&ledger].protect);
}

#[tokio::test]
async fn the_way_back_leads_past_a_move_of_the_state() {
    let team = Team::new();
    let machine = team.machine("laptop", "");
    let then = machine.apply(&database(20, 1)).await;
    let last = machine.apply(&database(50, 1)).await;
    let store = "store \"object\" {\n  url = \"s3://team/infra\"\n}\n";
    machine.write("stack.hcl", &(database(50, 1) + store));
    migrate::migrate(&machine.backend(), &machine.target(), Duration::ZERO)
        .await
        .unwrap();
    let opened = machine.open(Absent::Refuse).await.unwrap();
    assert!(
        opened.state.serial > last,
        "the move is a change of the history itself"
    );
    let audited = audit::verify(&opened, None).await.unwrap();
    assert_eq!(audited.entries, opened.state.serial.0);
    let planned = back(&machine, then).await.unwrap();
    machine.finish(&planned).await;
    assert!(back(&machine, then).await.unwrap().plan.is_empty());
}

#[tokio::test]
async fn in_the_middle_of_an_operation_the_end_is_named() {
    let team = Team::new();
    let machine = team.machine("laptop", "");
    let then = machine.apply(&database(20, 1)).await;
    let planned = back(&machine, Serial(1)).await.unwrap();
    let text = told(&planned).replace(&format!("{then}"), "[last]");
    insta::assert_snapshot!(text, @"
    delete postgres.main/sim.named.thing.replica-1
    delete postgres.main/sim.token.thing.role-app
    The state was on its way: Change 1 is one of several of the same apply, which went on to change [last] [Go to where it arrived with: infra rollback test --to [last]]
    This cannot be undone: `postgres.main/sim.named.thing.replica-1`: their data is destroyed, and going forward again makes the objects and not the data
    The stack is not turned back: Where its files want something else than this, the next plan leads there again [Put its files back to what they were at change 1 too: first, and plan again, or once this is applied]
    ");
}

/// Returns the records of a segment, whose identity the cloud assigns, and of what is inside it.
async fn segment_and_cache(machine: &Machine) -> (Record, Record) {
    let mut records = records(machine).await;
    let mut take = |name: &str| {
        let at = records
            .iter()
            .position(|record| record.key.to_string().ends_with(name));
        records.swap_remove(at.unwrap())
    };
    (take("thing.segment-data"), take("sim.token.thing.main"))
}

#[tokio::test]
async fn a_stack_that_lowers_to_something_else_stands_in_nobodys_way() {
    let team = Team::new();
    let machine = team.machine("laptop", "");
    let network = "network \"main\" {\n  cidr = \"10.0.0.0/16\"\n  segment \"data\" {}\n}\n";
    let inside = format!("{network}redis \"cache\" {{\n  segment = network.main.segment.data\n}}");
    let then = machine.apply(&stack(&inside)).await;
    let before = segment_and_cache(&machine).await;
    machine.apply(&stack("redis \"other\" {}")).await;
    let planned = back(&machine, then).await.unwrap();
    machine.finish(&planned).await;
    let (segment, cache) = segment_and_cache(&machine).await;
    assert_ne!(segment.id, before.0.id, "the cloud gave it another identity");
    assert_eq!(
        cache.inputs["parents"],
        Value::list([segment.outputs["id"].clone()])
    );
    machine.write("stack.hcl", &stack(&inside));
    let again = machine.plan().await;
    assert!(again.plan.is_empty(), "{}", told(&again));
}

#[tokio::test]
async fn what_stays_refers_to_what_is_made_again_and_not_to_what_is_gone() {
    let team = Team::new();
    let machine = team.machine("laptop", "");
    let network = "network \"main\" {\n  cidr = \"10.0.0.0/16\"\n  segment \"data\" {}\n}\n";
    let inside = format!("{network}redis \"cache\" {{\n  segment = network.main.segment.data\n}}");
    let then = machine.apply(&stack(&inside)).await;
    let (before, _) = segment_and_cache(&machine).await;
    // The cache goes on without the network, and the stack no longer says that it referred to it.
    machine.apply(&stack("redis \"cache\" {}")).await;
    let planned = back(&machine, then).await.unwrap();
    machine.finish(&planned).await;
    let (segment, cache) = segment_and_cache(&machine).await;
    assert_ne!(segment.id, before.id);
    assert_eq!(
        cache.inputs["parents"],
        Value::list([segment.outputs["id"].clone()])
    );
}
