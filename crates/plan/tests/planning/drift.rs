//! Drift: the world moved away from what was last applied.

use insta::assert_snapshot;

use crate::world::World;

#[test]
fn a_stopped_server_alone_is_drift_and_an_update_repairs_it() {
    let stack = "net a cidr=1
                 server b net=$a.id
                 role c on=$b.id";
    assert_snapshot!(World::with(stack).seen("b status=stopped").plan(stack), @r#"
    drift b
        status: "running" -> "stopped" drifted
    ~ b (safe)
        status: "stopped" -> "running" drifted
    0. update b
    2 kept
    "#);
}

#[test]
fn the_stack_and_the_world_may_move_at_once() {
    let world = World::with("server a size=1").seen("a size=3");
    assert_snapshot!(world.plan("server a size=2"), @"
    drift a
        size: 1 -> 3 drifted
    ~ a (disruptive)
        size: 3 -> 2 drifted too
    0. update a [disruptive]
    0 kept
    ");
}

#[test]
fn when_the_world_is_already_as_wanted_only_the_record_catches_up() {
    let world = World::with("server a size=1").seen("a size=2");
    assert_snapshot!(world.plan("server a size=2"), @"
    drift a
        size: 1 -> 2 drifted
    > a
        size: 1 -> 2 drifted too
    0. adopt a
    0 kept
    ");
}

#[test]
fn a_change_beside_what_the_record_catches_up_with_hurts_no_more_than_itself() {
    // An update of both was done in part, or its answer was lost: what cannot be seen is set once more.
    let world = World::with("server a size=1 note=1").seen("a size=2");
    assert_snapshot!(world.plan("server a size=2 note=2"), @"
    drift a
        size: 1 -> 2 drifted
    ~ a (safe)
        note: 1 -> 2
        size: 1 -> 2 drifted too
    0. update a
    0 kept
    ");
    let world = World::with("net a cidr=1 zones=1").seen("a cidr=2");
    assert_snapshot!(world.plan("net a cidr=2 zones=2"), @"
    drift a
        cidr: 1 -> 2 drifted
    ~ a (safe)
        zones: 1 -> 2
        cidr: 1 -> 2 drifted too
    0. update a
    0 kept
    ");
}

#[test]
fn what_disappeared_is_created_again() {
    let stack = "net a cidr=1
                 server b net=$a.id name=x";
    assert_snapshot!(World::with(stack).seen("a gone\nb gone").plan(stack), @r#"
    drift a gone
    drift b gone
    + a (Disappeared)
        cidr: 1
    + b (Disappeared)
        name: "x"
        net: a.id
    0. create a
    1. create b after 0
    0 kept
    "#);
}

#[test]
fn those_that_refer_to_what_disappeared_follow_it() {
    let stack = "net a cidr=1
                 rule b from=$a.id";
    assert_snapshot!(World::with(stack).seen("a gone").plan(stack), @r#"
    drift a gone
    + a (Disappeared)
        cidr: 1
    ~ b (safe)
        from: "a#1" -> a.id
    0. create a
    1. update b after 0
    0 kept
    "#);
}

#[test]
fn what_disappeared_and_is_not_wanted_is_forgotten() {
    let world = World::with("net a cidr=1").seen("a gone");
    assert_snapshot!(world.plan(""), @"
    < a (Gone)
    0. forget a
    0 kept
    ");
    assert_snapshot!(world.destroy().plan("net a cidr=1"), @"
    < a (Gone)
    0. forget a
    0 kept
    ");
}

#[test]
fn outputs_that_moved_are_recorded_and_passed_on() {
    let stack = "server a size=1
                 rule b from=$a.port
                 rule c from=$a.id";
    assert_snapshot!(World::with(stack).seen("a port:=6000").plan(stack), @r#"
    > a
        port: "port 802bad145aba" -> 6000 drifted
    ~ b (safe)
        from: "port 802bad145aba" -> 6000
    0. adopt a
    1. update b after 0
    1 kept
    "#);
}

#[test]
fn what_the_provider_filled_in_is_no_drift() {
    let world = World::with("net a cidr=1 tags={team:x}").seen("a zones=3 tags={team:x,cloud:y} unknown=1");
    assert_snapshot!(world.plan("net a cidr=1 tags={team:x}"), @"1 kept");
}

#[test]
fn an_attribute_that_cannot_be_seen_does_not_drift() {
    let world = World::with("server a note=1").seen("a note=2");
    assert_snapshot!(world.plan("server a note=1"), @"1 kept");
}

#[test]
fn drift_of_an_attribute_that_cannot_change_in_place_replaces() {
    let world = World::with("net a cidr=1").seen("a cidr=2");
    assert_snapshot!(world.plan("net a cidr=1"), @r#"
    drift a
        cidr: 1 -> 2 drifted
    -/+ a [Attribute("cidr")] (replacing)
        cidr: 2 -> 1 drifted replaces
    0. delete a [replacing]
    1. create a after 0
    0 kept
    "#);
}
