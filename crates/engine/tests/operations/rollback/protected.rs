//! Protected objects, which stay as they are.

use std::time::Duration;

use infra_engine::opened::Absent;
use infra_engine::surgery;
use infra_model::record::Serial;
use infra_model::value::Value;

use super::standing::{ROLE, record, unnumbered, write, zoned};
use super::{back, records, stack, told};
use crate::support::{Machine, Team, shown};

#[tokio::test]
async fn what_is_ignored_of_a_protected_object_stays_ignored() {
    let team = Team::new();
    let machine = team.machine("laptop", "");
    let then = machine.apply(&stack("redis \"a\" {}")).await;
    let ledger =
        "postgres \"ledger\" {\n  lifecycle {\n    protect = true\n    ignore_changes = [\"size\"]\n  }\n}";
    machine
        .apply(&stack(&format!("redis \"a\" {{}}\n{ledger}")))
        .await;
    let records = records(&machine).await;
    let ledger = records
        .iter()
        .find(|one| one.key.to_string().contains("ledger"))
        .unwrap();
    team.cloud.meddle(&ledger.id, |object| {
        object.attributes.insert("size".to_owned(), Value::from(77_i64));
    });
    let planned = back(&machine, then).await.unwrap();
    assert!(planned.plan.is_empty(), "{}", told(&planned));
}

/// A vault that is protected and keeps the URL of a cache.
fn with_vault(cache: &str, more: &str) -> String {
    stack(&format!(
        "redis \"{cache}\" {{}}\nkey_vault \"v\" {{\n  protect = true\n  secret \"url\" {{ value = redis.{cache}.url }}\n}}\n{more}"
    ))
}

#[tokio::test]
async fn what_a_protected_object_needs_gets_its_name_back() {
    let team = Team::new();
    let machine = team.machine("laptop", "");
    let then = machine.apply(&stack("redis \"old\" {}")).await;
    let moved = "moved {\n  from = redis.old\n  to = redis.new\n}";
    machine.apply(&with_vault("new", moved)).await;
    let planned = back(&machine, then)
        .await
        .unwrap_or_else(|error| panic!("{}", shown(&error)));
    insta::assert_snapshot!(unnumbered(&told(&planned)), @"
    move redis.new/sim.token.thing.main to redis.old/sim.token.thing.main
    Protected objects stay as they are: `key_vault.v/sim.named.thing.main` (would be deleted), `key_vault.v/sim.token.thing.secret-url` (would be deleted): a rollback does not lift protection [To undo them too, lift their protection first, in a change of its own]
    Names of then come back: `redis.new/sim.token.thing.main` as `redis.old/sim.token.thing.main`: while the stack's files have the new names, a plan takes them for other objects [Put the stack's files back before the next plan is applied]
    The stack is not turned back: Where its files want something else than this, the next plan leads there again [Put its files back to what they were at change [n] too: first, and plan again, or once this is applied]
    ");
    machine.finish(&planned).await;
    machine.write("stack.hcl", &with_vault("old", ""));
    let again = machine.plan().await;
    assert!(again.plan.is_empty(), "{}", told(&again));
}

#[tokio::test]
async fn what_a_protected_object_needed_and_was_forgotten_is_no_obstacle() {
    let team = Team::new();
    let machine = team.machine("laptop", "");
    let then = machine.apply(&stack("blob_store \"files\" {}")).await;
    machine
        .apply(&(with_vault("cache", "") + "blob_store \"files\" {}"))
        .await;
    let mut opened = machine.open(Absent::Refuse).await.unwrap();
    let cache = ["redis.cache".to_owned()];
    let forgotten = surgery::forget(&machine.backend(), &mut opened, &cache, Duration::ZERO).await;
    forgotten.unwrap();
    let planned = back(&machine, then)
        .await
        .unwrap_or_else(|error| panic!("{}", shown(&error)));
    insta::assert_snapshot!(unnumbered(&told(&planned)), @"
    adopt key_vault.v/sim.token.thing.secret-url
    Protected objects stay as they are: `key_vault.v/sim.named.thing.main` (would be deleted), `key_vault.v/sim.token.thing.secret-url` (would be deleted): a rollback does not lift protection [To undo them too, lift their protection first, in a change of its own]
    The stack is not turned back: Where its files want something else than this, the next plan leads there again [Put its files back to what they were at change [n] too: first, and plan again, or once this is applied]
    ");
}

/// Returns a machine whose role is protected and was made since, and the change before: there the server, which cannot
/// change its zone, was in another one.
async fn protected_since(team: &Team) -> (Machine, Serial) {
    let machine = team.machine("laptop", "");
    let then = machine.apply(&zoned("a", "")).await;
    machine.apply(&zoned("b", ROLE)).await;
    let mut role = record(&machine, "role-app").await;
    role.protect = true;
    write(&machine, role).await;
    (machine, then)
}

#[tokio::test]
async fn what_a_protected_object_stands_on_stays_with_it() {
    let team = Team::new();
    let (machine, then) = protected_since(&team).await;
    let planned = back(&machine, then).await.unwrap();
    insta::assert_snapshot!(unnumbered(&told(&planned)), @"
    Data of then is gone: `postgres.main/sim.named.thing.main` (gone with change [n]): they were made anew since, and what they held before went with the old objects
    Protected objects stay as they are: `postgres.main/sim.named.thing.main` (`postgres.main/sim.token.thing.role-app` stands on it), `postgres.main/sim.token.thing.role-app` (would be deleted): a rollback does not lift protection [To undo them too, lift their protection first, in a change of its own]
    ");
}

#[tokio::test]
async fn a_protected_object_that_lost_its_ground_is_refused() {
    let team = Team::new();
    let (machine, then) = protected_since(&team).await;
    team.cloud.lose(&record(&machine, "thing.main").await.id);
    insta::assert_snapshot!(shown(&back(&machine, then).await.unwrap_err()), @"
    `postgres.main/sim.token.thing.role-app` stays, because it or what stands on it is protected, and `postgres.main/sim.named.thing.main`, which it stands on, cannot stay
    Hint: Bring `postgres.main/sim.named.thing.main` in order first: see what is wrong with it with: infra plan ENVIRONMENT. Or lift the protection, in a change of its own
    ");
}

#[tokio::test]
async fn what_stays_and_what_was_then_may_need_each_other_and_that_is_refused() {
    let team = Team::new();
    let machine = team.machine("laptop", "");
    let two = |cache: &str, blobs: &str| {
        stack(&format!(
            "redis \"a\" {{\n  sim {{ mode = {cache} }}\n}}\nblob_store \"b\" {{\n  {blobs}\n}}"
        ))
    };
    let then = machine
        .apply(&two("blob_store.b.name", "sim { zone = \"a\" }"))
        .await;
    machine.apply(&two("\"x\"", "sim { zone = \"b\" }")).await;
    let blobs = "protect = true\n  sim {\n    zone = \"b\"\n    mode = redis.a.host\n  }";
    machine.apply(&two("\"x\"", blobs)).await;
    insta::assert_snapshot!(shown(&back(&machine, then).await.unwrap_err()), @"
    What stays as it is and what was then need each other in a circle: `blob_store.b/sim.named.thing.main` → `redis.a/sim.token.thing.main` → `blob_store.b/sim.named.thing.main`
    Hint: Lift protection first, in a change of its own. These stay because of it: `blob_store.b/sim.named.thing.main`
    ");
}
