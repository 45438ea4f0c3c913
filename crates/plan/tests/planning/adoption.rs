//! Objects that exist although nothing is recorded.

use infra_model::snapshot::Owner;
use insta::assert_snapshot;

use crate::language::address;
use crate::world::World;

fn ours(name: &str) -> Owner {
    Owner::Ours {
        address: address("net", name),
        token: infra_model::journal::Token("made".into()),
    }
}

#[test]
fn our_own_object_is_adopted() {
    let world = World::empty().stray("net", "a", "cidr=1", ours("a"));
    let stack = "net a cidr=1\nrule b from=$a.id";
    assert_snapshot!(world.plan(stack), @r#"
    > a
        cidr: 1
    + b (New)
        from: "stray"
    0. adopt a
    1. create b after 0
    0 kept
    "#);
    assert_snapshot!(world.apply(stack).plan(stack), @"2 kept");
}

#[test]
fn what_differs_is_recorded_as_it_is_and_changed_by_the_next_plan() {
    let stack = "net a cidr=1 zones=2";
    let world = World::empty().stray("net", "a", "cidr=1 zones=1", ours("a"));
    assert_snapshot!(world.apply(stack).plan(stack), @"
    ~ a (safe)
        zones: 1 -> 2
    0. update a
    0 kept
    ");
}

#[test]
fn an_object_of_somebody_else_is_left_alone() {
    let world = World::empty().stray("net", "a", "cidr=1", Owner::Other("shop/prod".into()));
    assert_snapshot!(world.plan("net a cidr=1"), @"
    error: Objects belong to somebody else: `a` (shop/prod)
    hint: Give the resource another name, or forget the record with: infra state rm ENVIRONMENT ADDRESS
    ");
}

#[test]
fn an_object_without_a_name_tag_is_not_ours() {
    let world = World::empty().stray("net", "a", "cidr=1", Owner::Untagged);
    assert_snapshot!(world.plan("net a cidr=1"), @"
    + a (New)
        cidr: 1
    0. create a
    0 kept
    ");
    let world = World::empty().stray("net", "a", "cidr=1", ours("b"));
    assert_snapshot!(world.plan("net a cidr=1"), @"
    + a (New)
        cidr: 1
    0. create a
    0 kept
    ");
}

#[test]
fn a_recorded_object_that_belongs_to_somebody_else_stops_everything() {
    let world = World::with("net a cidr=1\nnet b cidr=1\nnet c cidr=1").seen("a foreign\nc foreign");
    assert_snapshot!(world.plan("net a cidr=1\nnet b cidr=1"), @"
    error: Objects belong to somebody else: `a` (somebody), `c` (somebody)
    hint: Give the resource another name, or forget the record with: infra state rm ENVIRONMENT ADDRESS
    ");
    assert_snapshot!(world.destroy().plan(""), @"
    error: Objects belong to somebody else: `a` (somebody), `c` (somebody)
    hint: Give the resource another name, or forget the record with: infra state rm ENVIRONMENT ADDRESS
    ");
}

#[test]
fn a_recorded_object_without_a_tag_stays_ours() {
    let world = World::with("net a cidr=1").seen("a untagged");
    assert_snapshot!(world.plan("net a cidr=1"), @"1 kept");
}
