//! `--target` and `--exclude`, with what follows from them.

use insta::assert_snapshot;

use crate::world::World;

const STACK: &str = "net a cidr=1
                     server b net=$a.id
                     role c on=$b.id
                     net d cidr=1";

#[test]
fn a_target_brings_along_what_it_needs() {
    assert_snapshot!(World::empty().target("app.b").plan(STACK), @"
    + a (New)
        cidr: 1
    + b (New)
        net: a.id
    0. create a
    1. create b after 0
    notice: The plan is limited: Only a part of the stack is looked at, as the options say
    0 kept, 2 outside
    ");
}

#[test]
fn an_exclude_keeps_out_what_needs_it() {
    assert_snapshot!(World::empty().exclude("app.b/test.box.server.main").plan(STACK), @"
    + a (New)
        cidr: 1
    + d (New)
        cidr: 1
    0. create a
    1. create d
    notice: The plan is limited: Only a part of the stack is looked at, as the options say
    0 kept, 2 outside
    ");
}

#[test]
fn both_can_be_given() {
    assert_snapshot!(World::empty().target("app.c").target("app.d").exclude("app.b").plan(STACK), @"
    + a (New)
        cidr: 1
    + d (New)
        cidr: 1
    0. create a
    1. create d
    notice: The plan is limited: Only a part of the stack is looked at, as the options say
    0 kept, 2 outside
    ");
}

#[test]
fn changes_outside_the_target_are_left_alone() {
    let world = World::with(STACK).seen("a zones=3\nd gone");
    assert_snapshot!(world.clone().target("app.d").plan(&STACK.replace("cidr=1", "cidr=2")), @"
    drift d gone
    + d (Disappeared)
        cidr: 2
    0. create d
    notice: The plan is limited: Only a part of the stack is looked at, as the options say
    0 kept, 3 outside
    ");
    assert_snapshot!(world.target("app.c").plan(STACK), @"
    notice: The plan is limited: Only a part of the stack is looked at, as the options say
    3 kept, 1 outside
    ");
}

#[test]
fn a_target_that_is_deleted_takes_along_what_needed_it() {
    assert_snapshot!(World::with(STACK).target("app.b").plan("net a cidr=1\nrole c on=2"), @r#"
    - b Undeclared (destroys data)
    ~ c (safe)
        on: "b#2" -> 2
    0. update c
    1. delete b [destroys data] after 0
    notice: The plan is limited: Only a part of the stack is looked at, as the options say
    0 kept, 2 outside
    "#);
    assert_snapshot!(World::with(STACK).target("app.b").plan("net a cidr=1"), @"
    - b Undeclared (destroys data)
    - c Undeclared (disruptive)
    0. delete c [disruptive]
    1. delete b [destroys data] after 0
    notice: The plan is limited: Only a part of the stack is looked at, as the options say
    0 kept, 2 outside
    ");
}

#[test]
fn an_exclude_that_stays_keeps_what_it_needs() {
    assert_snapshot!(World::with(STACK).exclude("app.c").plan(""), @"
    - d Undeclared (disruptive)
    0. delete d [disruptive]
    notice: The plan is limited: Only a part of the stack is looked at, as the options say
    0 kept, 3 outside
    ");
}

#[test]
fn destroying_a_target_destroys_what_needs_it() {
    assert_snapshot!(World::with(STACK).destroy().target("app.b").plan(STACK), @"
    - b Destroy (destroys data)
    - c Destroy (disruptive)
    0. delete c [disruptive]
    1. delete b [destroys data] after 0
    notice: The plan is limited: Only a part of the stack is looked at, as the options say
    0 kept, 2 outside
    ");
    assert_snapshot!(World::with(STACK).destroy().exclude("app.b").plan(STACK), @"
    - c Destroy (disruptive)
    - d Destroy (disruptive)
    0. delete c [disruptive]
    1. delete d [disruptive]
    notice: The plan is limited: Only a part of the stack is looked at, as the options say
    0 kept, 2 outside
    ");
}

#[test]
fn all_instances_and_modules_can_be_named() {
    let graph = |names: &[&str]| {
        let lines: Vec<String> = names.iter().map(|name| format!("net {name} cidr=1")).collect();
        crate::language::graph(&lines.join("\n"))
    };
    let mut world = World::empty();
    world.options.targets.insert("app.x".into());
    let plan = world
        .try_plan(&graph(&["x[\"a\"]", "x[\"b\"]", "xy", "y"]))
        .unwrap();
    let names: Vec<String> = plan
        .decisions
        .keys()
        .map(|address| crate::language::short(address.as_str()))
        .collect();
    assert_snapshot!(names.join(" "), @r#"x["a"] x["b"]"#);
}

#[test]
fn a_target_that_names_nothing_is_an_error_with_a_near_match() {
    assert_snapshot!(World::with("net alpha cidr=1").target("app.alhpa").plan("net alpha cidr=1"), @"
    error: `--target app.alhpa` names nothing in the stack or its state
    hint: Did you mean `app.alpha`?
    ");
    assert_snapshot!(World::empty().exclude("zzz").plan(STACK), @"
    error: `--exclude zzz` names nothing in the stack or its state
    hint: List what there is with: infra state list ENVIRONMENT
    ");
}
