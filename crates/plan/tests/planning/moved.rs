//! Moved addresses: what is recorded is looked at under its new name.

use insta::assert_snapshot;

use crate::language::address;
use crate::world::World;

#[test]
fn a_component_moves_with_all_its_resources() {
    let world = World::with("net a cidr=1\nserver b net=$a.id").moved("app.a", "app.z");
    let stack = "net z cidr=1\nserver b net=$z.id";
    assert_snapshot!(world.plan(stack), @"
    moved a -> z
    2 kept
    ");
    let world = world.apply(stack);
    assert_snapshot!(world.plan(stack), @"2 kept");
}

#[test]
fn a_move_and_a_change_go_together() {
    let world = World::with("net a cidr=1").moved("app.a", "app.z");
    assert_snapshot!(world.plan("net z cidr=1 zones=2"), @"
    moved a -> z
    ~ z (safe)
        zones: 2
    0. update z
    0 kept
    ");
    assert_snapshot!(world.plan("net z cidr=2"), @r#"
    moved a -> z
    -/+ z [Attribute("cidr")] (replacing)
        cidr: 1 -> 2 replaces
    0. delete z [replacing]
    1. create z after 0
    0 kept
    "#);
    assert_snapshot!(world.plan(""), @"
    moved a -> z
    - z Undeclared (disruptive)
    0. delete z [disruptive]
    0 kept
    ");
}

#[test]
fn a_move_and_a_replacement_that_creates_first_go_together() {
    let world = World::with("net a cidr=1").moved("app.a", "app.z");
    assert_snapshot!(world.plan("net z cidr=2 +cbd"), @r#"
    moved a -> z
    +/- z [Attribute("cidr")] (replacing)
        cidr: 1 -> 2 replaces
    0. create z beside the old one
    1. delete z (deposed) [replacing] after 0
    0 kept
    "#);
}

#[test]
fn moves_form_chains() {
    let world = World::with("net a cidr=1")
        .moved("app.b", "app.c")
        .moved("app.a", "app.b");
    assert_snapshot!(world.plan("net c cidr=1"), @"
    moved a -> c
    1 kept
    ");
}

#[test]
fn a_name_cannot_be_handed_on_in_the_same_change() {
    let world = World::with("net a cidr=1\nnet b cidr=2")
        .moved("app.b", "app.c")
        .moved("app.a", "app.b");
    assert_snapshot!(world.plan("net b cidr=1\nnet c cidr=2"), @"
    error: `b` moved to `c`, but the stack still declares `b`
    hint: Remove the declaration or the `moved` block
    ");
}

#[test]
fn a_single_resource_moves() {
    let world = World::with("net a cidr=1").moved("app.a/test.box.net.main", "app.z/test.box.net.main");
    assert_snapshot!(world.plan("net z cidr=1"), @"
    moved a -> z
    1 kept
    ");
}

#[test]
fn instances_move_with_their_component_and_one_by_one() {
    let world = World::with("net a[\"x\"] cidr=1\nnet a[\"y\"] cidr=2");
    let all = world.clone().moved("app.a", "app.z");
    assert_snapshot!(all.plan("net z[\"x\"] cidr=1\nnet z[\"y\"] cidr=2"), @r#"
    moved a["x"] -> z["x"]
    moved a["y"] -> z["y"]
    2 kept
    "#);
    let one = world.moved("app.a[\"x\"]", "app.z");
    assert_snapshot!(one.plan("net z cidr=1\nnet a[\"y\"] cidr=2"), @r#"
    moved a["x"] -> z
    2 kept
    "#);
}

#[test]
fn a_move_onto_something_that_exists_is_an_error() {
    let world = World::with("net a cidr=1\nnet z cidr=2").moved("app.a", "app.z");
    assert_snapshot!(world.plan("net z cidr=2"), @"
    error: `a` cannot move to `z`, which exists
    hint: Remove the `moved` block, or forget one of the records with: infra state rm ENVIRONMENT a (or z)
    ");
    let world = World::with("net a cidr=1\nnet b cidr=2")
        .moved("app.a", "app.z")
        .moved("app.b", "app.z");
    assert_snapshot!(world.plan("net z cidr=2"), @"
    error: `b` cannot move to `z`, which exists
    hint: Remove the `moved` block, or forget one of the records with: infra state rm ENVIRONMENT b (or z)
    ");
}

#[test]
fn moves_in_a_circle_are_an_error() {
    let world = World::with("net a cidr=1")
        .moved("app.a", "app.b")
        .moved("app.b", "app.a");
    assert_snapshot!(world.plan("net b cidr=1"), @"
    error: Moved addresses form a circle: `a` → `b` → `a`
    hint: Remove one of these `moved` blocks
    ");
}

#[test]
fn what_moved_must_not_be_declared_any_more() {
    let world = World::with("net a cidr=1").moved("app.a", "app.b");
    assert_snapshot!(world.plan("net a cidr=1\nnet b cidr=1"), @"
    error: `a` moved to `b`, but the stack still declares `a`
    hint: Remove the declaration or the `moved` block
    ");
}

#[test]
fn another_type_cannot_be_moved_to() {
    let world = World::with("net a cidr=1").moved("app.a/test.box.net.main", "app.a/test.box.disk.main");
    assert_snapshot!(world.plan("disk a zone=1"), @"
    error: `a` cannot move to `a`, which is not a resource of the same type
    hint: Only the component or the name of a resource can change
    ");
}

#[test]
fn a_move_of_something_unknown_is_nothing() {
    let world = World::with("net a cidr=1").moved("app.q", "app.r");
    assert_snapshot!(world.plan("net a cidr=1"), @"1 kept");
}

#[test]
fn deletions_know_the_new_names_of_what_they_needed() {
    let world = World::with("net a cidr=1\nserver b net=$a.id").moved("app.a", "app.z");
    assert_snapshot!(world.plan(""), @"
    moved a -> z
    - b Undeclared (destroys data)
    - z Undeclared (disruptive)
    0. delete b [destroys data]
    1. delete z [disruptive] after 0
    0 kept
    ");
}

#[test]
fn a_need_that_moved_while_it_had_no_record_is_written_down() {
    let stack = "net z cidr=1\nserver b net=$z.id";
    let world = World::with(stack)
        .record("b", |record| record.dependencies = [address("net", "a")].into())
        .moved("app.a", "app.z")
        .seen("");
    assert_snapshot!(world.plan(stack), @r#"
    > b
        needs: ["a"] -> ["z"]
    0. adopt b
    1 kept
    "#);
}
