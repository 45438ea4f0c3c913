//! Carried attributes: set once, then kept, and raised by a rotation.

use insta::assert_snapshot;

use crate::world::World;

const STACK: &str = "secret a length=8
                     role b password=$a.value
                     role c password=(x,$a.value) on=1
                     role d on=$b.id";

#[test]
fn a_carried_attribute_keeps_its_recorded_value() {
    let world = World::with("server a name=old size=1");
    assert_snapshot!(world.plan("server a name=new size=1"), @"1 kept");
    assert_snapshot!(world.plan("server a name=new size=2"), @"
    ~ a (disruptive)
        size: 1 -> 2
    0. update a [disruptive]
    0 kept
    ");
    assert_snapshot!(format!("{:?}", world.apply("server a name=new size=2").recorded("a").inputs), @r#"{"name": "old", "size": 2}"#);
}

#[test]
fn what_was_created_without_a_carried_attribute_stays_without() {
    let world = World::with("server a size=1");
    assert_snapshot!(world.plan("server a name=new size=1"), @"1 kept");
    assert_snapshot!(world.seen("a name=found").plan("server a name=new size=1"), @r#"
    > a
        name: "found"
    0. adopt a
    0 kept
    "#);
}

#[test]
fn what_is_made_anew_keeps_what_it_carried() {
    let world = World::with("server a name=old size=1").seen("a gone");
    assert_snapshot!(world.plan("server a name=new size=1"), @r#"
    drift a gone
    + a (Disappeared)
        name: "old"
        size: 1
    0. create a
    0 kept
    "#);
}

#[test]
fn what_is_made_beside_the_old_object_takes_a_name_of_its_own() {
    let world = World::with("disk a name=old zone=1");
    assert_snapshot!(world.plan("disk a name=new zone=1"), @"1 kept");
    assert_snapshot!(world.plan("disk a name=new zone=2"), @r#"
    +/- a [Attribute("zone")] (replacing)
        zone: 1 -> 2 replaces
        name: "old" -> "new" replaces
    0. create a beside the old one
    1. delete a (deposed) [replacing] after 0
    0 kept
    "#);
    assert_snapshot!(format!("{:?}", world.apply("disk a name=new zone=2").recorded("a").inputs), @r#"{"name": "new", "zone": 2}"#);
}

#[test]
fn what_stands_on_its_own_is_not_replaced_for_what_it_was_made_from() {
    let world = World::with("copy a of=1").seen("a of=1 freed=false");
    assert_snapshot!(world.plan("copy a of=2 freed=true"), @"
    ~ a (disruptive)
        freed: false -> true
    0. update a [disruptive]
    0 kept
    ");
    assert_snapshot!(world.plan("copy a of=2"), @r#"
    -/+ a [Attribute("of")] (replacing)
        of: 1 -> 2 replaces
    0. delete a [replacing]
    1. create a after 0
    0 kept
    "#);
}

#[test]
fn a_rotation_raises_the_counter_and_reaches_all_users() {
    let world = World::with(STACK).rotate("secret", "a");
    assert_snapshot!(world.plan(STACK), @r#"
    ~ a (safe)
        rotation: 0 -> 1
    ~ b (safe)
        password: (secret) -> a.value
    ~ c (safe)
        password: $template("x", (secret)) -> $template("x", a.value)
    0. update a
    1. update b after 0
    2. update c after 0
    1 kept
    "#);
}

#[test]
fn a_rotation_stays() {
    let mut world = World::with(STACK).rotate("secret", "a").apply(STACK);
    assert_snapshot!(world.plan(STACK), @r#"
    ~ a (safe)
        rotation: 1 -> 2
    ~ b (safe)
        password: (secret) -> a.value
    ~ c (safe)
        password: $template("x", (secret)) -> $template("x", a.value)
    0. update a
    1. update b after 0
    2. update c after 0
    1 kept
    "#);
    world.options.rotate.clear();
    assert_snapshot!(world.plan(STACK), @"4 kept");
}

#[test]
fn what_has_no_counter_cannot_be_rotated() {
    assert_snapshot!(World::with(STACK).rotate("role", "b").plan(STACK), @"
    error: `b` cannot be rotated
    hint: Only generated secrets can be rotated: name the resource that holds one
    ");
}

#[test]
fn what_does_not_exist_yet_cannot_be_rotated() {
    assert_snapshot!(World::empty().rotate("secret", "a").plan(STACK), @"
    error: `a` cannot be rotated because it does not exist yet
    hint: Apply the stack first
    ");
    assert_snapshot!(World::with(STACK).rotate("secret", "aa").plan(STACK), @"
    error: `rotate aa` names nothing in the stack or its state
    hint: Did you mean `a`?
    ");
}

#[test]
fn a_counter_that_is_behind_catches_up_and_makes_no_new_secret() {
    for seen in ["a rotation=3", "a rotation=1"] {
        let world = World::with("vault a").record("a", |record| {
            record.inputs.insert("rotation".into(), 2_i64.into());
        });
        let world = world.seen(seen);
        let plan = world.plan("vault a");
        assert!(plan.contains("0. adopt a\n"), "{plan}");
        // A rotation goes on from what is there.
        assert!(world.rotate("vault", "a").plan("vault a").contains("0. update a"));
    }
    let world = World::with("vault a").seen("a rotation=3");
    assert_snapshot!(world.plan("vault a rotation=0"), @"
    drift a
        rotation: 0 -> 3 drifted
    > a
        rotation: 0 -> 3 drifted
    0. adopt a
    0 kept
    ");
    assert_snapshot!(world.rotate("vault", "a").plan("vault a rotation=0"), @"
    drift a
        rotation: 0 -> 3 drifted
    ~ a (safe)
        rotation: 3 -> 4 drifted too
    0. update a
    0 kept
    ");
}

#[test]
fn a_carried_attribute_that_moved_replaces_nothing() {
    let world = World::with("server a name=x").seen("a name=y");
    assert_snapshot!(world.plan("server a name=x"), @r#"
    drift a
        name: "x" -> "y" drifted
    > a
        name: "x" -> "y" drifted
    0. adopt a
    0 kept
    "#);
}
