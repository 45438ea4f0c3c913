//! Deletion: what the stack no longer declares, and everything.

use insta::assert_snapshot;

use crate::world::{World, plan_text};

const STACK: &str = "net a cidr=1
                     server b net=$a.id
                     role c on=$b.id
                     rule d from=$c.id +after:a";

#[test]
fn what_is_no_longer_declared_is_deleted_after_what_needed_it() {
    assert_snapshot!(World::with(STACK).plan(""), @"
    - a Undeclared (disruptive)
    - b Undeclared (destroys data)
    - c Undeclared (disruptive)
    - d Undeclared (disruptive)
    0. delete d [disruptive]
    1. delete c [disruptive] after 0
    2. delete b [destroys data] after 1
    3. delete a [disruptive] after 0 2
    0 kept
    ");
}

#[test]
fn what_came_to_stand_on_its_own_holds_data_whoever_says_so() {
    let copies = "copy a of=1\ncopy b of=1 freed=true";
    assert_snapshot!(World::with(copies).plan(""), @"
    - a Undeclared (disruptive)
    - b Undeclared (destroys data)
    0. delete a [disruptive]
    1. delete b [destroys data]
    0 kept
    ");
    assert_snapshot!(World::with("copy a of=1").seen("a of=1 freed=true").destroy().plan("copy a of=1"), @"
    - a Destroy (destroys data)
    0. delete a [destroys data]
    0 kept
    ");
}

#[test]
fn everything_is_destroyed_against_the_order_of_needs() {
    assert_snapshot!(World::with(STACK).destroy().plan(STACK), @"
    - a Destroy (disruptive)
    - b Destroy (destroys data)
    - c Destroy (disruptive)
    - d Destroy (disruptive)
    0. delete d [disruptive]
    1. delete c [disruptive] after 0
    2. delete b [destroys data] after 1
    3. delete a [disruptive] after 0 2
    0 kept
    ");
}

#[test]
fn a_need_that_the_inputs_do_not_show_is_recorded_when_it_comes_and_when_it_goes() {
    let (without, with) = (
        "net a cidr=1\nrule b from=2",
        "net a cidr=1\nrule b from=2 +after:a",
    );
    let world = World::with(without).seen("");
    assert_snapshot!(world.plan(with), @r#"
    > b
        needs: [] -> ["a"]
    0. adopt b
    1 kept
    "#);
    let world = world.apply(with).seen("");
    assert_snapshot!(world.plan(with), @"2 kept");
    assert_snapshot!(world.plan(""), @"
    - a Undeclared (disruptive)
    - b Undeclared (disruptive)
    0. delete b [disruptive]
    1. delete a [disruptive] after 0
    0 kept
    ");
    assert_snapshot!(world.plan(without), @r#"
    > b
        needs: ["a"] -> []
    0. adopt b
    1 kept
    "#);
    assert_snapshot!(world.moved("app.a", "app.z").plan("net z cidr=1\nrule b from=2 +after:z"), @"
    moved a -> z
    2 kept
    ");
}

#[test]
fn destroying_nothing_is_an_empty_plan() {
    assert_snapshot!(World::empty().destroy().plan(STACK), @"0 kept");
}

#[test]
fn a_user_lets_go_before_its_need_is_deleted() {
    let world = World::with("net a cidr=1\nrule b from=$a.id");
    assert_snapshot!(world.plan("rule b from=2"), @r#"
    - a Undeclared (disruptive)
    ~ b (safe)
        from: "a#1" -> 2
    0. update b
    1. delete a [disruptive] after 0
    0 kept
    "#);
}

#[test]
fn old_objects_go_with_everything_else() {
    let world = World::with("disk a zone=1").record("a", |record| record.key.deposed = Some("left".into()));
    assert_snapshot!(world.destroy().plan("disk a zone=1"), @"
    - a Destroy (disruptive)
    deposed a
    0. delete a [disruptive]
    1. delete a (deposed)
    0 kept
    ");
}

#[test]
fn an_old_object_that_is_gone_is_forgotten() {
    let mut world =
        World::with("disk a zone=1").record("a", |record| record.key.deposed = Some("left".into()));
    for key in world.snapshot.records.keys().filter(|key| key.deposed.is_some()) {
        let gone = infra_model::snapshot::Observation::Absent;
        world.snapshot.observations.insert(key.clone(), gone);
    }
    assert_snapshot!(world.plan("disk a zone=1"), @"
    deposed a
    0. forget a (deposed)
    1 kept
    ");
}

#[test]
fn letting_go_of_something_is_worth_more_than_sparing_what_is_about_to_go() {
    let before = "server b size=1
                  role a on=$b.id
                  role c on=$a.id password=$b.url";
    let after = "server b size=2
                 role c password=$b.url";
    assert_snapshot!(plan_text(before, after), @r#"
    - a Undeclared (disruptive)
    ~ b (disruptive)
        size: 1 -> 2
    ~ c (safe)
        on: "a#2" -> null
        password: (secret) -> b.url
    0. update b [disruptive]
    1. update c after 0
    2. delete a [disruptive] after 0 1
    0 kept
    "#);
}

#[test]
fn nobody_misses_what_only_watches() {
    let mut world = World::with(STACK);
    world.schemas = world.schemas.unnoticed(&["test.box.rule"]);
    let plan = world.plan("");
    assert!(plan.contains("- d Undeclared"), "{plan}");
    assert!(!plan.contains("- d Undeclared (disruptive)"), "{plan}");
    assert!(plan.contains("- c Undeclared (disruptive)"), "{plan}");
}
