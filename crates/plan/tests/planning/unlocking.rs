//! Keys are neither deleted nor exchanged as long as something that was encrypted with them stays.

use insta::assert_snapshot;

use crate::world::World;

const STACK: &str = "key k size=1
                     bucket b key=$k.id
                     store s key=$k.id";

#[test]
fn a_key_of_what_stays_is_not_deleted() {
    let world = World::with(STACK);
    assert_snapshot!(world.plan("key m size=1
                                 bucket b key=$m.id
                                 store s key=$m.id"), @"
    error: Data could not be read any more: `b` needs `k` (deleted), `s` needs `k` (deleted)
    hint: Keep the key
    ");
}

#[test]
fn a_key_of_what_stays_is_not_replaced() {
    let world = World::with(STACK).replace("key", "k");
    assert_snapshot!(world.plan(STACK), @"
    error: Data could not be read any more: `b` needs `k` (replaced), `s` needs `k` (replaced)
    hint: Keep the key
    ");
}

#[test]
fn a_key_of_what_stays_is_not_exchanged_for_one_that_stays_too() {
    let both = "key k size=1
                key m size=1";
    let world = World::with(&format!("{both}\nbucket b key=$k.id"));
    assert_snapshot!(world.plan(&format!("{both}\nbucket b key=$m.id")), @"
    error: Data could not be read any more: `b` needs `k` (another would take its place)
    hint: Keep the key
    ");
}

#[test]
fn a_key_goes_with_all_that_it_opens() {
    for plan in [
        World::with(STACK).plan(""),
        World::with(STACK).destroy().plan(STACK),
    ] {
        assert!(plan.contains("delete k"), "{plan}");
    }
}

#[test]
fn what_was_seen_with_another_key_holds_both() {
    let both = "key k size=1
                key m size=1";
    let world = World::with(&format!("{both}\nbucket b key=$k.id"));
    let world = world.seen("b key=m#1");
    let without = world.plan("key m size=1\nbucket b key=$m.id");
    assert!(without.contains("`b` needs `k` (deleted)"), "{without}");
}

#[test]
fn a_key_that_is_gone_holds_nobody_up() {
    let world = World::with("key k size=1\nbucket b key=$k.id").seen("k gone");
    let plan = world.plan("key m size=1\nbucket b key=$m.id");
    assert!(plan.contains("~ b"), "{plan}");
}

#[test]
fn a_key_of_somebody_else_may_be_exchanged() {
    let world = World::with("bucket b key=theirs");
    let plan = world.plan("key k size=1\nbucket b key=$k.id");
    assert!(plan.contains("~ b"), "{plan}");
}
