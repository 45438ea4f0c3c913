//! Replacement: why, and in which order old and new objects go and come.

use insta::assert_snapshot;

use crate::world::{World, plan_text};

#[test]
fn an_attribute_that_cannot_change_in_place_replaces() {
    assert_snapshot!(plan_text("net a cidr=1", "net a cidr=2"), @r#"
    -/+ a [Attribute("cidr")] (replacing)
        cidr: 1 -> 2 replaces
    0. delete a [replacing]
    1. create a after 0
    0 kept
    "#);
}

#[test]
fn dependents_leave_before_and_arrive_after_what_is_deleted_first() {
    let stack = "net a cidr=1
                 server b net=$a.id
                 role c on=$b.id";
    assert_snapshot!(plan_text(stack, &stack.replace("cidr=1", "cidr=2")), @r#"
    -/+ a [Attribute("cidr")] (replacing)
        cidr: 1 -> 2 replaces
    -/+ b [Attribute("net")] (destroys data)
        net: "a#1" -> a.id replaces
    ~ c (safe)
        on: "b#2" -> b.id
    0. delete b [destroys data]
    1. delete a [replacing] after 0
    2. create a after 1
    3. create b after 0 2
    4. update c after 3
    0 kept
    "#);
}

#[test]
fn dependents_move_over_between_the_new_and_the_old_object() {
    let stack = "disk a zone=1
                 role b on=$a.id
                 role c";
    assert_snapshot!(plan_text(stack, &stack.replace("zone=1", "zone=2")), @r#"
    +/- a [Attribute("zone")] (replacing)
        zone: 1 -> 2 replaces
    ~ b (safe)
        on: "a#1" -> a.id
    0. create a beside the old one
    1. update b after 0
    2. delete a (deposed) [replacing] after 0 1
    1 kept
    "#);
}

#[test]
fn a_chain_that_is_created_first_leaves_in_reverse() {
    let stack = "disk a zone=1
                 disk b on=$a.id";
    assert_snapshot!(plan_text(stack, &stack.replace("zone=1", "zone=2")), @r#"
    +/- a [Attribute("zone")] (replacing)
        zone: 1 -> 2 replaces
    +/- b [Attribute("on")] (replacing)
        on: "a#1" -> a.id replaces
    0. create a beside the old one
    1. create b beside the old one after 0
    2. delete b (deposed) [replacing] after 1
    3. delete a (deposed) [replacing] after 0 2
    0 kept
    "#);
}

#[test]
fn what_needs_something_deleted_first_cannot_be_created_first() {
    let stack = "net a cidr=1
                 disk b on=$a.id
                 disk c on=$a.id +cbd";
    assert_snapshot!(plan_text(stack, &stack.replace("cidr=1", "cidr=2")), @r#"
    -/+ a [Attribute("cidr")] (replacing)
        cidr: 1 -> 2 replaces
    -/+ b [Attribute("on")] (replacing)
        on: "a#1" -> a.id replaces
    -/+ c [Attribute("on")] (replacing)
        on: "a#1" -> a.id replaces
    0. delete b [replacing]
    1. delete c [replacing]
    2. delete a [replacing] after 0 1
    3. create a after 2
    4. create b after 0 3
    5. create c after 1 3
    notice: An object is deleted before it is made anew: `c` cannot be created before it is destroyed, because `a`, which it needs, is deleted first
    0 kept
    "#);
}

#[test]
fn the_lifecycle_overrides_the_type() {
    assert_snapshot!(plan_text("disk a zone=1 -cbd", "disk a zone=2 -cbd"), @r#"
    -/+ a [Attribute("zone")] (replacing)
        zone: 1 -> 2 replaces
    0. delete a [replacing]
    1. create a after 0
    0 kept
    "#);
    assert_snapshot!(plan_text("net a cidr=1 +cbd", "net a cidr=2 +cbd"), @r#"
    +/- a [Attribute("cidr")] (replacing)
        cidr: 1 -> 2 replaces
    0. create a beside the old one
    1. delete a (deposed) [replacing] after 0
    0 kept
    "#);
}

#[test]
fn a_replacement_is_made_on_request() {
    let world = World::with("net a cidr=1").replace("net", "a");
    assert_snapshot!(world.plan("net a cidr=1"), @"
    -/+ a [Requested] (replacing)
    0. delete a [replacing]
    1. create a after 0
    0 kept
    ");
}

#[test]
fn a_request_that_names_nothing_is_an_error() {
    let world = World::with("net alpha cidr=1").replace("net", "alhpa");
    assert_snapshot!(world.plan("net alpha cidr=1"), @"
    error: `--replace alhpa` names nothing in the stack or its state
    hint: Did you mean `alpha`?
    ");
}

#[test]
fn another_target_replaces() {
    assert_snapshot!(plan_text("net a cidr=1 @eu", "net a cidr=1 @us"), @"
    -/+ a [Target] (replacing)
    0. delete a [replacing]
    1. create a after 0
    0 kept
    ");
}

#[test]
fn what_was_never_finished_is_replaced_and_loses_no_data() {
    let world = World::with("server a size=1").record("a", |record| record.tainted = true);
    assert_snapshot!(world.plan("server a size=1"), @"
    -/+ a [Tainted] (replacing)
    0. delete a [replacing]
    1. create a after 0
    0 kept
    ");
}

#[test]
fn what_is_seen_half_made_is_replaced() {
    let world = World::with("server a size=1").seen("a half-made");
    assert_snapshot!(world.plan("server a size=1"), @"
    -/+ a [Tainted] (replacing)
    0. delete a [replacing]
    1. create a after 0
    0 kept
    ");
}

#[test]
fn an_old_object_that_was_left_behind_is_deleted() {
    let world = World::with("disk a zone=1").record("a", |record| record.key.deposed = Some("left".into()));
    assert_snapshot!(world.plan("disk a zone=1"), @"
    deposed a
    0. delete a (deposed)
    1 kept
    ");
    assert_snapshot!(world.plan(""), @"
    - a Undeclared (disruptive)
    deposed a
    0. delete a [disruptive]
    1. delete a (deposed)
    0 kept
    ");
}

#[test]
fn the_same_content_cannot_be_made_beside_itself() {
    let world = World::with("route a to=1").record("a", |record| record.tainted = true);
    assert_snapshot!(world.plan("route a to=1"), @"
    -/+ a [Tainted] (replacing)
    0. delete a [replacing]
    1. create a after 0
    0 kept
    ");
    let world = World::with("route a to=1\ndisk b on=$a.id").replace("route", "a");
    assert_snapshot!(world.plan("route a to=1\ndisk b on=$a.id"), @r#"
    -/+ a [Requested] (replacing)
    -/+ b [Attribute("on")] (replacing)
        on: "a#1" -> a.id replaces
    0. delete b [replacing]
    1. delete a [replacing] after 0
    2. create a after 1
    3. create b after 0 2
    0 kept
    "#);
}

#[test]
fn other_content_is_made_beside_the_old_one() {
    assert_snapshot!(plan_text("route a to=1", "route a to=2"), @r#"
    +/- a [Attribute("to")] (replacing)
        to: 1 -> 2 replaces
    0. create a beside the old one
    1. delete a (deposed) [replacing] after 0
    0 kept
    "#);
}
