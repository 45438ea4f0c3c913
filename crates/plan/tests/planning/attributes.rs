//! When attributes count as changed: defaults, nulls, and each kind of equality.

use infra_model::value::Value;
use insta::assert_snapshot;

use crate::world::{World, plan_text};

#[test]
fn an_attribute_taken_out_of_the_stack_goes_back_to_its_default() {
    assert_snapshot!(plan_text("server a status=paused", "server a"), @r#"
    ~ a (safe)
        status: "paused" -> "running"
    0. update a
    0 kept
    "#);
    assert_snapshot!(World::with("server a status=paused").seen("").plan("server a"), @r#"
    ~ a (safe)
        status: "paused" -> "running"
    0. update a
    0 kept
    "#);
}

#[test]
fn a_default_written_out_is_no_change() {
    assert_snapshot!(plan_text("server a", "server a status=running"), @"1 kept");
    assert_snapshot!(World::with("server a").seen("a status=running").plan("server a"), @"1 kept");
}

#[test]
fn an_attribute_without_a_default_is_unset() {
    assert_snapshot!(plan_text("server a size=1", "server a"), @"
    ~ a (disruptive)
        size: 1 -> null
    0. update a [disruptive]
    0 kept
    ");
    assert_snapshot!(plan_text("server a size=1", "server a size=null"), @"
    ~ a (disruptive)
        size: 1 -> null
    0. update a [disruptive]
    0 kept
    ");
}

#[test]
fn an_unset_attribute_that_is_unset_already_is_only_recorded() {
    assert_snapshot!(World::with("server a size=1").seen("a size=null").plan("server a"), @"
    drift a
        size: 1 -> null drifted
    > a
        size: 1 -> null drifted too
    0. adopt a
    0 kept
    ");
}

#[test]
fn null_is_the_same_as_nothing() {
    assert_snapshot!(plan_text("server a size=null", "server a"), @"1 kept");
    assert_snapshot!(plan_text("server a", "server a size=null"), @"1 kept");
}

#[test]
fn equal_by_the_type_is_no_change() {
    let before = "server a zones=[1,2] mode=Fast policy={\"a\":1,\"b\":2}";
    let after = "server a zones=[2,1] mode=FAST policy={\"b\":2,\"a\":1}";
    assert_snapshot!(plan_text(before, after), @"1 kept");
    assert_snapshot!(World::with(before).seen("").plan(after), @"1 kept");
}

#[test]
fn a_key_taken_out_of_the_stack_is_removed_but_others_stay() {
    let before = "server a params={x:1,y:2}";
    let after = "server a params={x:1}";
    assert_snapshot!(plan_text(before, after), @r#"
    ~ a (safe)
        params: {"x": 1, "y": 2} -> {"x": 1}
    0. update a
    0 kept
    "#);
    assert_snapshot!(World::with(before).seen("a params={x:1,y:2,z:3}").plan(after), @r#"
    ~ a (safe)
        params: {"x": 1, "y": 2, "z": 3} -> {"x": 1}
    0. update a
    0 kept
    "#);
    assert_snapshot!(World::with(before).seen("a params={x:1,z:3}").plan(after), @r#"
    drift a
        params: {"x": 1, "y": 2} -> {"x": 1, "z": 3} drifted
    > a
        params: {"x": 1, "y": 2} -> {"x": 1} drifted too
    0. adopt a
    0 kept
    "#);
    assert_snapshot!(World::with(before).seen("a params={x:1,y:2,z:3}").plan("server a"), @r#"
    ~ a (safe)
        params: {"x": 1, "y": 2, "z": 3} -> null
    0. update a
    0 kept
    "#);
}

#[test]
fn the_worst_attribute_gives_the_class() {
    assert_snapshot!(plan_text("server a size=1 mode=x", "server a size=2 mode=y"), @r#"
    ~ a (disruptive)
        mode: "x" -> "y"
        size: 1 -> 2
    0. update a [disruptive]
    0 kept
    "#);
    assert_snapshot!(plan_text("server a size=1 mode=x", "server a size=1 mode=y"), @r#"
    ~ a (safe)
        mode: "x" -> "y"
    0. update a
    0 kept
    "#);
    assert_snapshot!(plan_text("server a size=1 version=15", "server a size=2 version=16"), @r#"
    -/+ a [Attribute("version")] (destroys data)
        size: 1 -> 2
        version: 15 -> 16 replaces
    0. delete a [destroys data]
    1. create a after 0
    0 kept
    "#);
}

#[test]
fn a_secret_changes_when_its_seal_does() {
    assert_snapshot!(plan_text("role a password=!x", "role a password=!x"), @"1 kept");
    assert_snapshot!(plan_text("role a password=!x", "role a password=!y"), @"
    ~ a (safe)
        password: (secret) -> (secret)
    0. update a
    0 kept
    ");
}

#[test]
fn the_target_alone_can_change_without_a_look_inside() {
    assert_snapshot!(plan_text("net a cidr=1 @eu\nnet b cidr=2 @eu", "net a cidr=1 @us\nnet b cidr=2 @eu"), @"
    -/+ a [Target] (replacing)
    0. delete a [replacing]
    1. create a after 0
    1 kept
    ");
}

#[test]
fn what_is_never_seen_and_in_doubt_is_set_again_or_taken_away_again() {
    let world = World::with("server a note=1").record("a", |record| {
        record.inputs.insert("note".to_owned(), Value::Null);
    });
    let seen = world.clone().seen("");
    let plan = |stack| {
        let plan = world.plan(stack);
        assert_eq!(plan, seen.plan(stack), "a look at the object does not help");
        plan
    };
    assert_snapshot!(plan("server a note=1"), @"
    ~ a (safe)
        note: 1
    0. update a
    0 kept
    ");
    assert_snapshot!(plan("server a"), @"
    ~ a (safe)
        note: null
    0. update a
    0 kept
    ");
    assert_snapshot!(plan("server a +ignore:note"), @"1 kept");
    assert_snapshot!(world.clone().apply("server a").plan("server a"), @"1 kept");
}
