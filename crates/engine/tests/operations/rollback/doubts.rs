//! Inputs of which nobody knows what they were then, because the answer to an update got lost.

use infra_engine::opened::Absent;
use infra_engine::plan::Planned;
use infra_engine::surgery;
use infra_model::journal::RecordChange;
use infra_model::record::Serial;
use infra_model::value::Value;

use super::standing::unnumbered;
use super::{back, records, stack, told};
use crate::support::{Machine, Team};

/// A vault with a secret that the stack gives it.
fn given(secret: &str) -> String {
    stack(&format!(
        "key_vault \"v\" {{\n  secret \"api\" {{ value = \"{secret}\" }}\n}}"
    ))
}

async fn password(machine: &Machine) -> Value {
    let records = records(machine).await;
    let secret = records
        .iter()
        .find(|one| one.key.to_string().ends_with("secret-api"));
    secret.unwrap().inputs["password"].clone()
}

/// Puts the password of the secret in doubt, as a lost answer does, and returns the change.
async fn doubt(machine: &Machine) -> Serial {
    let records = records(machine).await;
    let mut secret = records
        .into_iter()
        .find(|one| one.key.to_string().ends_with("secret-api"))
        .unwrap();
    secret.inputs.insert("password".to_owned(), Value::Null);
    let opened = machine.open(Absent::Refuse).await.unwrap();
    let changes = vec![RecordChange::Put(Box::new(secret))];
    surgery::commit(&machine.backend(), &opened, "test", changes)
        .await
        .unwrap()
}

/// Returns what the plan sets the password to, if it does.
fn set(planned: &Planned) -> Option<Value> {
    let mut changes = planned
        .plan
        .decisions
        .values()
        .flat_map(|decision| decision.changes());
    changes
        .find(|change| change.attribute == "password")
        .map(|change| change.after.clone())
}

#[tokio::test]
async fn what_nobody_knows_is_what_the_stack_says() {
    let team = Team::new();
    let machine = team.machine("laptop", "");
    machine.apply(&given("one")).await;
    let then = doubt(&machine).await;
    machine.apply(&given("two")).await;
    let two = password(&machine).await;
    machine.apply(&given("three")).await;
    machine.write("stack.hcl", &given("two"));
    let planned = back(&machine, then).await.unwrap();
    assert_eq!(set(&planned), Some(two));
    insta::assert_snapshot!(unnumbered(&told(&planned)), @"
    update key_vault.v/sim.token.thing.secret-api password
    Nobody knows what was set: `password` of `key_vault.v/sim.token.thing.secret-api` (as the stack sets it): the answer to a change got lost, and what it left is not recorded
    The stack is not turned back: Where its files want something else than this, the next plan leads there again [Put its files back to what they were at change [n] too: first, and plan again, or once this is applied]
    ");
}

#[tokio::test]
async fn what_nobody_knows_stays_as_it_is_without_the_stack() {
    let team = Team::new();
    let machine = team.machine("laptop", "");
    machine.apply(&given("one")).await;
    let then = doubt(&machine).await;
    machine.apply(&given("two")).await;
    machine.write("stack.hcl", &stack("redis \"other\" {}"));
    let planned = back(&machine, then).await.unwrap();
    insta::assert_snapshot!(unnumbered(&told(&planned)), @"Nobody knows what was set: `password` of `key_vault.v/sim.token.thing.secret-api` (as it is now): the answer to a change got lost, and what it left is not recorded");
}

#[tokio::test]
async fn what_nobody_knows_now_either_is_what_it_was_last() {
    let team = Team::new();
    let machine = team.machine("laptop", "");
    machine.apply(&given("one")).await;
    let one = password(&machine).await;
    let then = doubt(&machine).await;
    machine.write("stack.hcl", &stack("redis \"other\" {}"));
    let planned = back(&machine, then).await.unwrap();
    assert_eq!(
        set(&planned),
        Some(one.clone()),
        "it is set again, not taken away"
    );
    insta::assert_snapshot!(unnumbered(&told(&planned)), @"
    update key_vault.v/sim.token.thing.secret-api password
    Nobody knows what was set: `password` of `key_vault.v/sim.token.thing.secret-api` (as it was before): the answer to a change got lost, and what it left is not recorded
    The stack is not turned back: Where its files want something else than this, the next plan leads there again [Put its files back to what they were at change [n] too: first, and plan again, or once this is applied]
    ");

    // The same of an object that is gone.
    machine.apply(&stack("redis \"other\" {}")).await;
    let planned = back(&machine, then).await.unwrap();
    assert_eq!(set(&planned), Some(one));
}

#[tokio::test]
async fn a_protected_object_keeps_what_nobody_knows() {
    let team = Team::new();
    let machine = team.machine("laptop", "");
    let then = machine.apply(&stack("redis \"other\" {}")).await;
    let vault = given("one").replace(
        "key_vault \"v\" {",
        "redis \"other\" {}\nkey_vault \"v\" {\n  protect = true",
    );
    machine.apply(&vault).await;
    let one = password(&machine).await;
    doubt(&machine).await;
    machine.write("stack.hcl", &stack("redis \"other\" {}"));
    let planned = back(&machine, then).await.unwrap();
    assert_eq!(set(&planned), Some(one), "it is set again, not taken away");
    insta::assert_snapshot!(unnumbered(&told(&planned)), @"
    update key_vault.v/sim.token.thing.secret-api password
    Protected objects stay as they are: `key_vault.v/sim.named.thing.main` (would be deleted), `key_vault.v/sim.token.thing.secret-api` (would be deleted): a rollback does not lift protection [To undo them too, lift their protection first, in a change of its own]
    Nobody knows what was set: `password` of `key_vault.v/sim.token.thing.secret-api` (as it was before): the answer to a change got lost, and what it left is not recorded
    The stack is not turned back: Where its files want something else than this, the next plan leads there again [Put its files back to what they were at change [n] too: first, and plan again, or once this is applied]
    ");
}
