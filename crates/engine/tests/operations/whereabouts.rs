//! A stack that names another store than the one with the state does not begin a second state.

use infra_engine::opened::Absent;
use infra_state::contract::Store as _;

use crate::support::{Machine, Team, shown};

const PLAIN: &str = "stack {\n  name = \"shop\"\n}\n";

/// Returns the stack with this store.
fn with_store(store: &str) -> String {
    format!("{PLAIN}store {store}\n")
}

fn in_bucket(name: &str) -> String {
    with_store(&format!("\"object\" {{\n  url = \"s3://{name}/infra\"\n}}"))
}

/// Opens the environment and begins its state if there is none; returns what was said against it.
async fn begin(machine: &Machine) -> String {
    match machine.open(Absent::Make).await {
        Ok(_) => String::new(),
        Err(error) => shown(&error),
    }
}

async fn is_empty(team: &Team, place: &str) -> bool {
    team.store(place).load().await.unwrap().is_none()
}

#[tokio::test]
async fn a_team_shares_a_state_and_a_fresh_checkout_simply_works() {
    let team = Team::new();
    let first = team.machine("first", &in_bucket("team"));
    assert_eq!(begin(&first).await, "");
    let second = team.machine("second", &in_bucket("team"));
    assert_eq!(second.note(), None);
    let ours = first.open(Absent::Refuse).await.unwrap();
    let theirs = second.open(Absent::Refuse).await.unwrap();
    assert_eq!(ours.state.header, theirs.state.header);
    assert_eq!(first.note(), second.note());
    let lineage = ours.state.header.lineage;
    let note = format!(r#"{{"format":1,"store":"s3://team/infra","lineage":"{lineage}"}}"#);
    assert_eq!(second.note(), Some(note));
}

#[tokio::test]
async fn a_state_on_this_machine_is_not_left_behind() {
    let team = Team::new();
    let machine = team.machine("laptop", PLAIN);
    assert_eq!(begin(&machine).await, "");
    assert_eq!(machine.note(), None, "a state on this machine is its own note");
    machine.write("stack.hcl", &in_bucket("team"));
    insta::assert_snapshot!(begin(&machine).await, @"
    The state of environment `test` is in `embedded`, and not in `s3://team/infra`
    Hint: Move it with: infra state migrate ENVIRONMENT. Or name its store in the stack as before
    ");
    let looked = machine.open(Absent::Imagine).await.unwrap_err();
    assert_eq!(shown(&looked), begin(&machine).await, "a look says the same");
    assert!(is_empty(&team, "s3://team/infra/test").await);
    machine.write("stack.hcl", PLAIN);
    assert_eq!(begin(&machine).await, "");
}

#[tokio::test]
async fn what_the_stack_calls_previous_is_looked_at_on_every_machine() {
    let team = Team::new();
    let first = team.machine("first", &in_bucket("old"));
    assert_eq!(begin(&first).await, "");
    let moving = r#""postgres" {
  url = "postgres://db/infra"
  previous "object" { url = "s3://old/infra" }
}"#;
    let second = team.machine("second", &with_store(moving));
    insta::assert_snapshot!(begin(&second).await, @"
    The state of environment `test` is in `s3://old/infra`, and not in `postgres://db/infra`
    Hint: Move it with: infra state migrate ENVIRONMENT. Or name its store in the stack as before
    ");
    assert!(is_empty(&team, "postgres://db/infra/test").await);
}

#[tokio::test]
async fn a_previous_store_without_a_state_stands_in_nobodys_way() {
    let team = Team::new();
    let moving = r#""object" {
  url = "s3://new/infra"
  previous "object" { url = "s3://old/infra" }
}"#;
    let machine = team.machine("laptop", &with_store(moving));
    assert_eq!(begin(&machine).await, "");
    assert!(!is_empty(&team, "s3://new/infra/test").await);
}

#[tokio::test]
async fn this_machine_remembers_where_it_saw_the_state() {
    let team = Team::new();
    let machine = team.machine("laptop", &in_bucket("old"));
    assert_eq!(begin(&machine).await, "");
    machine.write("stack.hcl", &in_bucket("new"));
    insta::assert_snapshot!(begin(&machine).await, @"
    This machine has seen the state of environment `test` in `s3://old/infra`, and `s3://new/infra` holds none
    Hint: Name its store in the stack as before, or as `previous` in the block `store`, and move it with: infra state migrate ENVIRONMENT. If it is gone for good, remove .infra/test/store.json
    ");
    machine.write("stack.hcl", PLAIN);
    assert!(begin(&machine).await.contains("and `embedded` holds none"));
    assert!(is_empty(&team, &machine.own_store()).await);
}

#[tokio::test]
async fn of_two_states_none_is_taken() {
    let team = Team::new();
    let laptop = team.machine("laptop", PLAIN);
    assert_eq!(begin(&laptop).await, "");
    assert_eq!(begin(&team.machine("other", &in_bucket("team"))).await, "");
    laptop.write("stack.hcl", &in_bucket("team"));
    insta::assert_snapshot!(begin(&laptop).await, @"
    Environment `test` has a state in `s3://team/infra` and another one in `embedded`
    Hint: Only one can be right. If it is the one in `s3://team/infra`, move .infra/test/state out of the way
    ");
}

#[tokio::test]
async fn a_store_with_another_state_than_this_machine_has_seen_is_refused() {
    let team = Team::new();
    let machine = team.machine("laptop", &in_bucket("one"));
    assert_eq!(begin(&machine).await, "");
    assert_eq!(begin(&team.machine("other", &in_bucket("two"))).await, "");
    machine.write("stack.hcl", &in_bucket("two"));
    insta::assert_snapshot!(begin(&machine).await, @"
    `s3://two/infra` holds another state of environment `test` than the one that this machine has seen in `s3://one/infra`
    Hint: If the other one is gone for good, remove .infra/test/store.json
    ");
    std::fs::remove_file(machine.path(".infra/test/store.json")).unwrap();
    assert_eq!(begin(&machine).await, "");
}

#[tokio::test]
async fn a_note_that_cannot_be_read_is_not_passed_over() {
    let team = Team::new();
    let machine = team.machine("laptop", PLAIN);
    machine.write(".infra/test/store.json", "{}");
    let said = begin(&machine).await;
    let said = said.replace(&machine.folder.path().display().to_string(), "[FOLDER]");
    insta::assert_snapshot!(said, @"
    `[FOLDER]/.infra/test/store.json` does not say where the state is
    Hint: Use the engine that wrote it, or remove it if the stack names the right store
    ");
}
