//! The order of steps where it is not simply that of needs.

use insta::assert_snapshot;

use crate::world::World;

#[test]
fn a_change_waits_until_those_are_gone_that_used_what_changes() {
    let world = World::with("server a size=1\nrole b on=$a.id");
    assert_snapshot!(world.plan("server a size=2"), @"
    ~ a (disruptive)
        size: 1 -> 2
    - b Undeclared (disruptive)
    0. delete b [disruptive]
    1. update a [disruptive] after 0
    0 kept
    ");
}

#[test]
fn a_repair_comes_before_deletions_that_need_what_is_broken() {
    let world = World::with("server a size=1\nrole b on=$a.id").seen("a status=stopped");
    assert_snapshot!(world.plan("server a size=1"), @r#"
    drift a
        status: "running" -> "stopped" drifted
    ~ a (safe)
        status: "stopped" -> "running" drifted
    - b Undeclared (disruptive)
    0. update a
    1. delete b [disruptive] after 0
    0 kept
    "#);
}

#[test]
fn what_is_deleted_waits_through_neighbours_that_stay() {
    let world = World::with("net a cidr=1\nrule b +after:a\nrole c +after:b");
    assert_snapshot!(world.plan("net a cidr=2\nrule b +after:a"), @r#"
    -/+ a [Attribute("cidr")] (replacing)
        cidr: 1 -> 2 replaces
    - c Undeclared (disruptive)
    0. delete c [disruptive]
    1. delete a [replacing] after 0
    2. create a after 1
    1 kept
    "#);
}

#[test]
fn a_wish_that_contradicts_the_needs_gives_way() {
    // v goes, and u used it; but u moves over to z, which is only there once y is made anew, and the old y can only
    // go after v, which used it too.
    let before = "net y cidr=1
                  role v on=$y.id
                  rule z from=1
                  rule u from=$v.id";
    let after = "net y cidr=2
                 rule z from=$y.id
                 rule u from=2 +after:z";
    assert_snapshot!(World::with(before).plan(after), @r#"
    ~ u (safe)
        from: "v#2" -> 2
    - v Undeclared (disruptive)
    -/+ y [Attribute("cidr")] (replacing)
        cidr: 1 -> 2 replaces
    ~ z (safe)
        from: 1 -> y.id
    0. delete v [disruptive]
    1. delete y [replacing] after 0
    2. create y after 1
    3. update z after 2
    4. update u after 0 3
    0 kept
    "#);
}

#[test]
fn needs_may_turn_round() {
    let world = World::with("rule a from=1\nrule b from=1 +after:a");
    assert_snapshot!(world.plan("rule a from=2 +after:b\nrule b from=2"), @"
    ~ a (safe)
        from: 1 -> 2
    ~ b (safe)
        from: 1 -> 2
    0. update b
    1. update a after 0
    0 kept
    ");
    let world = World::with("disk a zone=1\ndisk b zone=1 +after:a");
    assert_snapshot!(world.plan("disk a zone=2 +after:b\ndisk b zone=2"), @r#"
    +/- a [Attribute("zone")] (replacing)
        zone: 1 -> 2 replaces
    +/- b [Attribute("zone")] (replacing)
        zone: 1 -> 2 replaces
    0. create b beside the old one
    1. create a beside the old one after 0
    2. delete b (deposed) [replacing] after 0
    3. delete a (deposed) [replacing] after 1 2
    0 kept
    "#);
    let world = World::with("net a cidr=1\nnet b cidr=1 +after:a");
    assert_snapshot!(world.plan("net a cidr=2 +after:b\nnet b cidr=2"), @r#"
    -/+ a [Attribute("cidr")] (replacing)
        cidr: 1 -> 2 replaces
    -/+ b [Attribute("cidr")] (replacing)
        cidr: 1 -> 2 replaces
    0. delete b [replacing]
    1. delete a [replacing] after 0
    2. create b after 0
    3. create a after 1 2
    0 kept
    "#);
}

#[test]
fn records_that_need_each_other_in_a_circle_can_still_be_deleted() {
    let world = World::with("rule a from=1\nrule b from=1 +after:a");
    let b = crate::language::address("rule", "b");
    let world = world.record("a", |record| {
        record.dependencies.insert(b);
    });
    assert_snapshot!(world.plan(""), @"
    - a Undeclared (disruptive)
    - b Undeclared (disruptive)
    0. delete a [disruptive]
    1. delete b [disruptive] after 0
    0 kept
    ");
}

#[test]
fn estimates_come_from_history_or_the_type() {
    let mut world = World::with("net a cidr=1\nserver b net=$a.id\nnet c cidr=1");
    world.snapshot.durations.learn("test.box.net", "delete", 7000);
    let plan = world
        .try_plan(&crate::language::graph("net a cidr=2\nnet d cidr=1"))
        .unwrap();
    let estimates: Vec<String> = plan
        .steps
        .iter()
        .map(|step| {
            format!(
                "{} {}: {}",
                step.action.name(),
                crate::language::short(step.key.address.as_str()),
                step.estimate_ms
            )
        })
        .collect();
    assert_snapshot!(estimates.join("\n"), @"
    delete b: 10
    delete a: 7000
    create a: 30
    delete c: 7000
    create d: 30
    ");
}

#[test]
fn a_need_that_changed_no_value_counts_when_things_go() {
    // The record of b was written before b needed a, and nothing has written it since.
    let world = World::with("net a cidr=1\nserver b size=1");
    let stack = "net a cidr=1\nserver b size=1 +after:a";
    assert_snapshot!(world.plan(stack), @"2 kept");
    assert_snapshot!(world.destroy().plan(stack), @"
    - a Destroy (disruptive)
    - b Destroy (destroys data)
    0. delete b [destroys data]
    1. delete a [disruptive] after 0
    0 kept
    ");
}
