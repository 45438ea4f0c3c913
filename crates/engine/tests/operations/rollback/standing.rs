//! Objects that stand on what the way back makes anew.

use infra_engine::opened::Absent;
use infra_engine::surgery;
use infra_model::journal::RecordChange;
use infra_model::record::{Record, Serial};
use infra_model::value::Value;

use super::{back, records, stack, told};
use crate::support::{Machine, Team, shown};

/// A database in a zone, which it leaves only for another object of the same name, with more in its block.
pub(super) fn zoned(zone: &str, more: &str) -> String {
    stack(&format!(
        "postgres \"main\" {{\n  sim {{ zone = \"{zone}\" }}\n  {more}\n}}"
    ))
}

pub(super) const ROLE: &str = "role \"app\" { access = \"read\" }";

/// Returns a text without the numbers of changes: what an operation does at the same time ends in any order.
pub(super) fn unnumbered(text: &str) -> String {
    let mut parts = text.split("change ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        let number = if rest == part { "" } else { "[n]" };
        format!("{text}change {number}{rest}")
    })
}

/// Returns the record whose key ends so.
pub(super) async fn record(machine: &Machine, name: &str) -> Record {
    let records = records(machine).await;
    let found = records
        .into_iter()
        .find(|one| one.key.to_string().ends_with(name));
    found.unwrap()
}

/// Changes a record without a call to the cloud, and returns the change that did.
pub(super) async fn write(machine: &Machine, record: Record) -> Serial {
    let opened = machine.open(Absent::Refuse).await.unwrap();
    let changes = vec![RecordChange::Put(Box::new(record))];
    let written = surgery::commit(&machine.backend(), &opened, "test", changes).await;
    written.unwrap()
}

#[tokio::test]
async fn what_lives_in_an_object_that_is_made_anew_is_made_anew_too() {
    let team = Team::new();
    let machine = team.machine("laptop", "");
    let both = format!("replicas = 1\n  {ROLE}");
    let then = machine.apply(&zoned("a", &both)).await;
    machine.apply(&zoned("b", &both)).await;
    // The files no longer say what refers to what, and the server's identity is its name, which stays.
    machine.write("stack.hcl", &stack("redis \"other\" {}"));
    let planned = back(&machine, then).await.unwrap();
    insta::assert_snapshot!(unnumbered(&told(&planned)), @"
    replace postgres.main/sim.named.thing.main zone
    replace postgres.main/sim.named.thing.replica-1 home
    replace postgres.main/sim.token.thing.role-app home password
    Data of then is gone: `postgres.main/sim.named.thing.main` (gone with change [n]), `postgres.main/sim.named.thing.replica-1` (gone with change [n]): they were made anew since, and what they held before went with the old objects
    Secrets of then are gone: `postgres.main/sim.token.thing.role-app`: what was generated or rotated since is not turned back, and everything that uses it gets the secret of now
    This cannot be undone: `postgres.main/sim.named.thing.replica-1`, `postgres.main/sim.named.thing.main`: their data is destroyed, and going forward again makes the objects and not the data
    The stack is not turned back: Where its files want something else than this, the next plan leads there again [Put its files back to what they were at change [n] too: first, and plan again, or once this is applied]
    ");
    machine.finish(&planned).await;
    machine.write("stack.hcl", &zoned("a", &both));
    let again = machine.plan().await;
    assert!(again.plan.is_empty(), "{}", told(&again));
}

#[tokio::test]
async fn files_that_cannot_be_made_are_told_and_stand_in_nobodys_way() {
    let team = Team::new();
    let machine = team.machine("laptop", "");
    let then = machine.apply(&zoned("a", "replicas = 1")).await;
    machine.apply(&zoned("b", "replicas = 1")).await;
    machine.write(
        "stack.hcl",
        &stack("redis \"main\" {\n  sim { colour = \"red\" }\n}"),
    );
    let planned = back(&machine, then).await.unwrap();
    insta::assert_snapshot!(unnumbered(&told(&planned)), @"
    replace postgres.main/sim.named.thing.main zone
    replace postgres.main/sim.named.thing.replica-1 home
    Data of then is gone: `postgres.main/sim.named.thing.main` (gone with change [n]), `postgres.main/sim.named.thing.replica-1` (gone with change [n]): they were made anew since, and what they held before went with the old objects
    This cannot be undone: `postgres.main/sim.named.thing.replica-1`, `postgres.main/sim.named.thing.main`: their data is destroyed, and going forward again makes the objects and not the data
    The stack says nothing: The provider cannot make what its files want now, so what referred to what is only told by equal values [Look at the notes and the steps with more care, or put its files back first]
    The stack is not turned back: Where its files want something else than this, the next plan leads there again [Put its files back to what they were at change [n] too: first, and plan again, or once this is applied]
    ");
}

#[tokio::test]
async fn what_may_be_a_name_by_chance_is_not_guessed() {
    let team = Team::new();
    let machine = team.machine("laptop", "");
    let _ = machine.apply(&zoned("a", ROLE)).await;
    let mut role = record(&machine, "role-app").await;
    let mode = role.inputs["home"].clone();
    role.inputs.insert("mode".to_owned(), mode);
    let then = write(&machine, role).await;
    machine.apply(&zoned("b", ROLE)).await;
    machine.write("stack.hcl", &stack("redis \"other\" {}"));
    insta::assert_snapshot!(shown(&back(&machine, then).await.unwrap_err()), @"
    `postgres.main/sim.named.thing.main` would be made anew, and nobody can tell which of `home` and `mode` of `postgres.main/sim.token.thing.role-app` refer to it
    Hint: Put the stack's files back to what they were then first: they say what refers to what
    ");
    // The files tell what refers to what.
    machine.write("stack.hcl", &zoned("b", ROLE));
    assert!(back(&machine, then).await.is_ok());
}

#[tokio::test]
async fn a_reference_that_came_to_the_same_by_chance_makes_no_circle() {
    let team = Team::new();
    let machine = team.machine("laptop", "");
    let two = |redis: &str, blobs: &str| {
        stack(&format!(
            "redis \"a\" {{\n  sim {{ mode = {redis} }}\n}}\nblob_store \"b\" {{\n  sim {{ mode = {blobs} }}\n}}"
        ))
    };
    machine.apply(&two("\"x\"", "redis.a.host")).await;
    let name = record(&machine, "blob_store.b/sim.named.thing.main")
        .await
        .outputs["id"]
        .clone();
    let Value::String(name) = name else {
        panic!("{name:?}")
    };
    let then = machine.apply(&two(&format!("\"{name}\""), "redis.a.host")).await;
    // The other way round: what was a text refers to the name now.
    machine.apply(&two(&format!("\"{name}\""), "\"y\"")).await;
    machine.apply(&two("blob_store.b.name", "\"y\"")).await;
    let planned = back(&machine, then)
        .await
        .unwrap_or_else(|error| panic!("{}", shown(&error)));
    insta::assert_snapshot!(unnumbered(&told(&planned)), @"
    update blob_store.b/sim.named.thing.main mode
    adopt redis.a/sim.token.thing.main
    The stack is not turned back: Where its files want something else than this, the next plan leads there again [Put its files back to what they were at change [n] too: first, and plan again, or once this is applied]
    ");
}

#[tokio::test]
async fn what_only_came_after_what_is_made_anew_stays_and_is_told() {
    let team = Team::new();
    let machine = team.machine("laptop", "");
    let after = "redis \"c\" {\n  depends_on = [postgres.main]\n}\n";
    let then = machine.apply(&(zoned("a", "") + after)).await;
    machine.apply(&(zoned("b", "") + after)).await;
    let planned = back(&machine, then).await.unwrap();
    let note = "Objects stay on what is made anew";
    assert!(
        !told(&planned).contains(note),
        "the stack says that it comes after it"
    );
    machine.write("stack.hcl", &stack("redis \"other\" {}"));
    let planned = back(&machine, then).await.unwrap();
    let notice = planned.plan.notices.iter().find(|notice| notice.summary == note);
    insta::assert_snapshot!(notice.unwrap().detail, @"`redis.c/sim.token.thing.main` (on `postgres.main/sim.named.thing.main`): they needed it, and nothing that is recorded of them refers to it");
}
