//! Objects that have other names now.

use std::time::Duration;

use infra_engine::opened::Absent;
use infra_engine::surgery;

use super::{back, stack, told};
use crate::support::{Machine, Team, shown};

#[tokio::test]
async fn a_renamed_object_gets_its_name_back_and_is_not_made_anew() {
    let team = Team::new();
    let machine = team.machine("laptop", "");
    let named = |name: &str, more: &str| {
        stack(&format!(
            "redis \"{name}\" {{}}\nkey_vault \"v\" {{\n  secret \"url\" {{ value = redis.{name}.url }}\n}}\n{more}"
        ))
    };
    let then = machine.apply(&named("old", "")).await;
    let objects = team.cloud.objects().len();
    machine
        .apply(&named("new", "moved {\n  from = redis.old\n  to = redis.new\n}"))
        .await;
    let planned = back(&machine, then).await.unwrap();
    insta::assert_snapshot!(told(&planned), @"
    move redis.new/sim.token.thing.main to redis.old/sim.token.thing.main
    Names of then come back: `redis.new/sim.token.thing.main` as `redis.old/sim.token.thing.main`: while the stack's files have the new names, a plan takes them for other objects [Put the stack's files back before the next plan is applied]
    The stack is not turned back: Where its files want something else than this, the next plan leads there again [Put its files back to what they were at change 3 too: first, and plan again, or once this is applied]
    ");
    machine.finish(&planned).await;
    assert_eq!(team.cloud.objects().len(), objects);
    machine.write("stack.hcl", &named("old", ""));
    assert!(machine.plan().await.plan.is_empty());
}

/// Renames what a component consists of, in the state alone.
async fn rename(machine: &Machine, from: &str, to: &str) {
    let mut opened = machine.open(Absent::Refuse).await.unwrap();
    let names = (from, to);
    let renamed = surgery::rename(&machine.backend(), &mut opened, names, Duration::ZERO).await;
    renamed.unwrap_or_else(|error| panic!("{}", shown(&error)));
}

/// Gives two components each other's name.
async fn swap(machine: &Machine, one: &str, other: &str) {
    rename(machine, one, "redis.between").await;
    rename(machine, other, one).await;
    rename(machine, "redis.between", other).await;
}

#[tokio::test]
async fn names_that_are_taken_are_told_with_the_way_to_free_them() {
    let team = Team::new();
    let machine = team.machine("laptop", "");
    let two = |names: [&str; 2]| stack(&names.map(|name| format!("redis \"{name}\" {{}}\n")).concat());
    let then = machine.apply(&two(["a", "b"])).await;
    let objects = team.cloud.objects().len();
    swap(&machine, "redis.a", "redis.b").await;
    let refused = shown(&back(&machine, then).await.unwrap_err());
    insta::assert_snapshot!(refused, @"
    What was called `redis.a/sim.token.thing.main` then is `redis.b/sim.token.thing.main` now, and something else is called `redis.a/sim.token.thing.main`
    Hint: Name that one otherwise first: infra state mv ENVIRONMENT 'redis.a/sim.token.thing.main' NEW, and then: infra state mv ENVIRONMENT 'redis.b/sim.token.thing.main' 'redis.a/sim.token.thing.main'
    ");
    // What the message says is done.
    swap(&machine, "redis.a", "redis.b").await;
    assert!(back(&machine, then).await.unwrap().plan.is_empty());
    assert_eq!(team.cloud.objects().len(), objects);

    let with_both = machine.apply(&two(["d", "e"])).await;
    machine.apply(&stack("redis \"d\" {}")).await;
    rename(&machine, "redis.d", "redis.e").await;
    let refused = shown(&back(&machine, with_both).await.unwrap_err());
    insta::assert_snapshot!(refused, @"
    What was called `redis.d/sim.token.thing.main` then is `redis.e/sim.token.thing.main` now, and another was called `redis.e/sim.token.thing.main` then
    Hint: Give it its name back first: infra state mv ENVIRONMENT 'redis.e/sim.token.thing.main' 'redis.d/sim.token.thing.main'
    ");
    rename(&machine, "redis.e", "redis.d").await;
    assert!(back(&machine, with_both).await.is_ok());
}
