//! A state moves to another store: compared before the old one is left, and safe against a kill at any moment.

use std::time::Duration;

use infra_engine::error::EngineError;
use infra_engine::migrate::{How, Migrated, migrate};
use infra_engine::opened::Absent;
use infra_model::journal::RecordChange;
use infra_state::archive::{self, Archive};
use infra_state::conformance::sample;
use infra_state::contract::{LeaseRequest, Standing, Store as _};

use crate::support::{Death, Machine, Team, shown};

const PLAIN: &str = "stack {\n  name = \"shop\"\n}\n";
const NEW_PLACE: &str = "s3://team/infra/test";

fn in_bucket() -> String {
    format!("{PLAIN}store \"object\" {{\n  url = \"s3://team/infra\"\n}}\n")
}

/// Longer than a lease holds.
const LONG: Duration = Duration::from_secs(60);

/// Returns a machine whose own store holds a state with some records and an open intent, and whose stack names a
/// bucket now.
async fn about_to_move(team: &Team) -> Machine {
    let machine = team.machine("laptop", PLAIN);
    machine.open(Absent::Make).await.unwrap();
    for size in 0..3 {
        change(&machine, size).await.unwrap();
    }
    let own = team.store(&machine.own_store());
    let lease = own.acquire(&request(&machine)).await.unwrap();
    own.append(lease.epoch, &sample::intent("r1", sample::at(1)))
        .await
        .unwrap();
    own.release(&lease).await.unwrap();
    machine.write("stack.hcl", &in_bucket());
    machine
}

fn request(machine: &Machine) -> LeaseRequest {
    let backend = machine.backend();
    LeaseRequest {
        holder: "kim@elsewhere".to_owned(),
        now: backend.clock.now(),
        duration: Duration::from_secs(30),
    }
}

/// Changes the state of a machine's stack by one record.
async fn change(machine: &Machine, size: i64) -> Result<(), EngineError> {
    let opened = machine.open(Absent::Refuse).await?;
    let record = sample::record(&format!("r{size}"), size);
    let commit = sample::commit([RecordChange::Put(Box::new(record))]);
    // Straight to the store: an apply goes on beside the open intent of another step, which no other command does.
    let lease = opened.store.acquire(&request(machine)).await.unwrap();
    opened.store.commit(lease.epoch, &commit).await.unwrap();
    opened.store.release(&lease).await.unwrap();
    Ok(())
}

async fn moved(machine: &Machine) -> Result<Migrated, EngineError> {
    migrate(&machine.backend(), &machine.target(), Duration::ZERO).await
}

async fn archived(team: &Team, place: &str) -> Option<Archive> {
    archive::take(&team.store(place)).await.unwrap()
}

/// Returns an archive as text without the entry that says that the state moved.
fn before_the_move(mut archive: Archive) -> String {
    if archive
        .history
        .pop_if(|entry| entry.relocation.is_some())
        .is_some()
    {
        archive.state.serial.0 -= 1;
    }
    String::from_utf8(archive::encode(&archive).unwrap()).unwrap()
}

#[tokio::test]
async fn a_state_moves_whole_and_the_old_store_says_where_it_went() {
    let team = Team::new();
    let machine = about_to_move(&team).await;
    let before = archived(&team, &machine.own_store()).await.unwrap();
    let migrated = moved(&machine).await.unwrap();
    let How::Copied(digest) = migrated.how else {
        panic!("{migrated:?}")
    };
    let text = before_the_move(before);
    assert_eq!(digest, infra_model::digest::Digest::of(text.as_bytes()));
    assert_eq!(
        (migrated.records, migrated.open_intents, migrated.serial.0),
        (3, 1, 4)
    );
    let arrived = archived(&team, NEW_PLACE).await.unwrap();
    assert_eq!(arrived.state.standing, Standing::InForce);
    assert_eq!(before_the_move(arrived), text);

    let aside = migrated.aside.unwrap();
    let left = archived(&team, &aside.display().to_string()).await.unwrap();
    assert_eq!(
        left.state.standing,
        Standing::Moved {
            to: "s3://team/infra".to_owned()
        }
    );
    assert_eq!(before_the_move(left), text);
    change(&machine, 9).await.unwrap();
    assert!(machine.note().unwrap().contains("s3://team/infra"));
}

#[tokio::test]
async fn whoever_still_uses_the_old_store_is_told() {
    let team = Team::new();
    let old = format!("{PLAIN}store \"object\" {{\n  url = \"s3://old/infra\"\n}}\n");
    let colleague = team.machine("colleague", &old);
    colleague.open(Absent::Make).await.unwrap();
    let moving = format!(
        "{PLAIN}store \"postgres\" {{\n  url = \"postgres://db/infra\"\n  previous \"object\" {{ url = \"s3://old/infra\" }}\n}}\n"
    );
    let machine = team.machine("laptop", &moving);
    moved(&machine).await.unwrap();
    let error = colleague.open(Absent::Make).await.unwrap_err();
    insta::assert_snapshot!(shown(&error), @"
    The state of environment `test` cannot be used
    The state was moved to `postgres://db/infra`
    Hint: Name that store in the stack, in the block `store`
    ");
    colleague.write("stack.hcl", &moving);
    change(&colleague, 1).await.unwrap();
    // The stack may go on to name the previous store: it holds no state in force.
    change(&machine, 2).await.unwrap();
}

#[tokio::test]
async fn a_second_call_finds_nothing_to_do() {
    let team = Team::new();
    let machine = about_to_move(&team).await;
    let first = moved(&machine).await.unwrap();
    let second = moved(&machine).await.unwrap();
    assert_eq!(second.how, How::Already);
    assert_eq!((second.serial, second.aside), (first.serial, None));
}

#[tokio::test]
async fn killed_at_any_call_at_most_one_store_is_in_force_and_the_next_call_finishes() {
    for death in [Death::Before, Death::After] {
        let mut kills = 0;
        loop {
            let team = Team::new();
            let machine = about_to_move(&team).await;
            let text = before_the_move(archived(&team, &machine.own_store()).await.unwrap());
            team.fuse.blow_after(kills, death);
            let ended = moved(&machine).await;
            team.fuse.mend();
            let old = archived(&team, &machine.own_store()).await;
            let new = archived(&team, NEW_PLACE).await;
            let in_force = [&old, &new].into_iter().flatten();
            let in_force = in_force.filter(|archive| archive.state.standing.is_in_force());
            assert!(
                in_force.count() <= 1,
                "{death:?} at call {kills}: {old:?} {new:?}"
            );

            team.pass(LONG);
            let again = moved(&machine).await;
            again.unwrap_or_else(|error| panic!("{death:?} at call {kills}: {}", shown(&error)));
            let arrived = archived(&team, NEW_PLACE).await.unwrap();
            assert!(arrived.state.standing.is_in_force(), "{death:?} at call {kills}");
            assert_eq!(arrived.state.serial.0, 4, "{death:?} at call {kills}");
            assert_eq!(before_the_move(arrived), text, "{death:?} at call {kills}");
            change(&machine, 5).await.unwrap();
            assert!(archived(&team, &machine.own_store()).await.is_none());
            if ended.is_ok() {
                break;
            }
            kills += 1;
        }
        assert!(kills > 12, "an undisturbed move makes more than {kills} calls");
    }
}

#[tokio::test]
async fn what_happened_in_the_old_store_after_a_kill_is_taken_along() {
    let team = Team::new();
    let machine = about_to_move(&team).await;
    let mut calls = 0;
    loop {
        team.fuse.blow_after(calls, Death::Before);
        moved(&machine).await.unwrap_err();
        team.fuse.mend();
        team.pass(LONG);
        if archived(&team, NEW_PLACE).await.is_some() {
            break;
        }
        calls += 1;
    }
    let half = machine.open(Absent::Make).await.unwrap_err();
    insta::assert_snapshot!(shown(&half), @"
    The state of environment `test` cannot be used
    The state is being moved here from `embedded`, and that was not finished
    Hint: Finish it with: infra state migrate ENVIRONMENT
    ");
    machine.write("stack.hcl", PLAIN);
    change(&machine, 7).await.unwrap();
    machine.write("stack.hcl", &in_bucket());
    moved(&machine).await.unwrap();
    let arrived = archived(&team, NEW_PLACE).await.unwrap();
    assert!(arrived.state.records.contains_key(&sample::key("r7")));
    assert!(arrived.state.standing.is_in_force());
}

#[tokio::test]
async fn a_state_comes_back() {
    let team = Team::new();
    let machine = about_to_move(&team).await;
    moved(&machine).await.unwrap();
    change(&machine, 8).await.unwrap();
    let back =
        format!("{PLAIN}store \"embedded\" {{\n  previous \"object\" {{ url = \"s3://team/infra\" }}\n}}\n");
    machine.write("stack.hcl", &back);
    let migrated = moved(&machine).await.unwrap();
    assert_eq!((migrated.records, migrated.aside), (4, None));
    assert_eq!(machine.note(), None);
    machine.write("stack.hcl", PLAIN);
    change(&machine, 9).await.unwrap();

    machine.write("stack.hcl", &in_bucket());
    moved(&machine).await.unwrap();
    let arrived = archived(&team, NEW_PLACE).await.unwrap();
    assert_eq!(arrived.state.records.len(), 5);
    infra_state::history::verify_chain(&arrived.history).unwrap();
}

#[tokio::test]
async fn a_move_waits_for_nobody_and_disturbs_nobody() {
    let team = Team::new();
    let machine = about_to_move(&team).await;
    let own = team.store(&machine.own_store());
    own.acquire(&request(&machine)).await.unwrap();
    let error = shown(&moved(&machine).await.unwrap_err());
    assert!(error.contains("`kim@elsewhere` holds the lease"), "{error}");
    assert!(archived(&team, NEW_PLACE).await.is_none());
    team.pass(LONG);
    let elsewhere = team.store(NEW_PLACE);
    elsewhere.acquire(&request(&machine)).await.unwrap();
    let error = shown(&moved(&machine).await.unwrap_err());
    assert!(error.contains("`kim@elsewhere` holds the lease"), "{error}");
    team.pass(LONG);
    moved(&machine).await.unwrap();
}

#[tokio::test]
async fn what_cannot_move_says_why() {
    let team = Team::new();
    let machine = team.machine("laptop", PLAIN);
    let mut said = Vec::new();
    let nowhere = [
        PLAIN.to_owned(),
        in_bucket(),
        format!("{PLAIN}store \"embedded\" {{\n  previous \"embedded\" {{}}\n}}\n"),
    ];
    for stack in &nowhere {
        machine.write("stack.hcl", stack);
        said.push(shown(&moved(&machine).await.unwrap_err()));
    }
    machine.write("stack.hcl", PLAIN);
    machine.open(Absent::Make).await.unwrap();
    team.machine("other", &in_bucket())
        .open(Absent::Make)
        .await
        .unwrap();
    machine.write("stack.hcl", &in_bucket());
    said.push(shown(&moved(&machine).await.unwrap_err()));
    insta::assert_snapshot!(said.join("\n\n"), @r#"
    Nothing says where the state was before
    Hint: Name its former store in the stack: store "embedded" { previous "object" { url = … } }

    Environment `test` has never been applied
    Hint: See what would be made with: infra plan test

    The store and the previous one are the same
    Hint: Name in the block `previous` where the state was before

    Environment `test` has a state in `s3://team/infra` and another one in `embedded`
    Hint: Only one can be right. If it is the one in `s3://team/infra`, move .infra/test/state out of the way
    "#);
}

#[tokio::test]
async fn a_state_of_somebody_else_stays_where_it_is() {
    let team = Team::new();
    // This machine has seen the state of its own stack in a bucket.
    let ours = "stack {\n  name = \"shop\"\n}\nstore \"object\" {\n  url = \"s3://ours/infra\"\n}\n";
    let machine = team.machine("laptop", ours);
    machine.open(Absent::Make).await.unwrap();
    // In the database lies the state of a stack that is called the same.
    let theirs = "stack {\n  name = \"shop\"\n}\nstore \"postgres\" {\n  url = \"postgres://db/states\"\n}\n";
    let other = team.machine("desktop", theirs);
    other.open(Absent::Make).await.unwrap();
    machine.write(
        "stack.hcl",
        "stack {\n  name = \"shop\"\n}\nstore \"object\" {\n  url = \"s3://new/infra\"\n  previous \"postgres\" { url = \"postgres://db/states\" }\n}\n",
    );
    let refused = moved(&machine).await.unwrap_err();
    insta::assert_snapshot!(shown(&refused), @r#"
    `postgres://db/states` holds another state of environment `test` than the one that this machine has seen in `s3://ours/infra`
    Hint: If the other one is gone for good, remove .infra/test/store.json
    "#);
    other.open(Absent::Refuse).await.unwrap();
    assert!(archived(&team, "s3://new/infra/test").await.is_none());
}
