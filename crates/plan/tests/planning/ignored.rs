//! `ignore_changes`: differences that are left alone.

use insta::assert_snapshot;

use crate::world::World;

#[test]
fn a_change_of_the_stack_is_ignored() {
    let world = World::with("server a size=1");
    assert_snapshot!(world.plan("server a size=2 +ignore:size"), @"1 kept");
}

#[test]
fn drift_is_shown_and_not_repaired() {
    let world = World::with("server a size=1").seen("a size=3");
    assert_snapshot!(world.plan("server a size=1 +ignore:size"), @"
    drift a
        size: 1 -> 3 drifted
    1 kept
    ");
}

#[test]
fn another_change_leaves_the_ignored_attribute_as_it_is() {
    let world = World::with("server a size=1 mode=x").seen("a size=3");
    let stack = "server a size=2 mode=y +ignore:size";
    assert_snapshot!(world.plan(stack), @r#"
    drift a
        size: 1 -> 3 drifted
    ~ a (safe)
        mode: "x" -> "y"
    0. update a
    0 kept
    "#);
    let world = world.apply(stack);
    let record = world.recorded("a");
    assert_snapshot!(format!("{:?}", record.inputs), @r#"{"mode": "y", "size": 3}"#);
}

#[test]
fn an_ignored_attribute_forces_no_replacement() {
    let world = World::with("server a version=15");
    assert_snapshot!(world.plan("server a version=16 +ignore:version"), @"1 kept");
}

#[test]
fn a_replacement_takes_what_the_stack_wants() {
    let world = World::with("server a version=15 size=1");
    let world = world.apply("server a version=16 size=2 +ignore:size");
    assert_snapshot!(format!("{:?}", world.recorded("a").inputs), @r#"{"size": 2, "version": 16}"#);
}

#[test]
fn a_reference_that_is_ignored_does_not_wait() {
    let world = World::with("net n zones=1\nserver a note=$n.gateway");
    assert_snapshot!(world.plan("net n zones=2\nserver a note=$n.gateway +ignore:note"), @"
    ~ n (safe)
        zones: 1 -> 2
    0. update n
    1 kept
    ");
}
