//! Protection: kept in the record, lifted by a change of its own.

use insta::assert_snapshot;

use crate::world::World;

const STACK: &str = "server a version=15 +protect
                     server b version=15 +protect
                     server c version=15";

#[test]
fn deleting_the_lines_does_not_delete_what_is_protected() {
    assert_snapshot!(World::with(STACK).plan(""), @"
    error: Protected objects would be destroyed: `a` (deleted), `b` (deleted)
    hint: To destroy them on purpose, declare them with `protect = false`, apply that change alone, and then plan again
    ");
}

#[test]
fn replacing_what_is_protected_is_refused() {
    assert_snapshot!(World::with(STACK).plan(&STACK.replace("a version=15", "a version=16")), @"
    error: Protected objects would be destroyed: `a` (replaced)
    hint: To destroy them on purpose, declare them with `protect = false`, apply that change alone, and then plan again
    ");
}

#[test]
fn destroying_what_is_protected_is_refused() {
    assert_snapshot!(World::with(STACK).destroy().plan(STACK), @"
    error: Protected objects would be destroyed: `a` (deleted), `b` (deleted)
    hint: To destroy them on purpose, declare them with `protect = false`, apply that change alone, and then plan again
    ");
    assert_snapshot!(World::with("server a").destroy().plan("server a +protect"), @"
    error: Protected objects would be destroyed: `a` (deleted)
    hint: To destroy them on purpose, declare them with `protect = false`, apply that change alone, and then plan again
    ");
}

#[test]
fn what_moves_only_up_is_not_taken_back() {
    let refused = "
    error: Nobody can take these back in place: `release` of `a` from `new` to `old`
    hint: Write into the stack what they are now. Only new objects, without the data of the old ones, can be what the stack wants: --replace 'a'
    ";
    let world = World::with("server a release=new");
    assert_eq!(
        world.plan("server a release=old").trim(),
        refused.replace("\n    ", "\n").trim()
    );
    // Somebody else moved it up.
    let ahead = World::with("server a release=old").seen("a release=new");
    assert_eq!(
        ahead.plan("server a release=old").trim(),
        refused.replace("\n    ", "\n").trim()
    );
    assert_snapshot!(ahead.plan("server a release=new"), @r#"
    drift a
        release: "old" -> "new" drifted
    > a
        release: "old" -> "new" drifted too
    0. adopt a
    0 kept
    "#);
    let up = World::with("server a release=old").plan("server a release=new");
    assert!(up.contains("0. update a"), "{up}");
    // What is made anew for another reason may be older.
    let other = world.plan("server a release=old version=9");
    assert!(other.contains("create a"), "{other}");
}

#[test]
fn protection_comes_and_goes_by_the_record_alone() {
    let world = World::with("server a size=1");
    assert_snapshot!(world.plan("server a size=1 +protect"), @"
    > a
        protect: false -> true
    0. adopt a
    0 kept
    ");
    assert_snapshot!(world.plan("server a size=2 +protect"), @"
    ~ a (disruptive)
        size: 1 -> 2
        protect: false -> true
    0. update a [disruptive]
    0 kept
    ");
    assert_snapshot!(World::with("server a size=1 +protect").plan("server a size=1"), @"
    > a
        protect: true -> false
    0. adopt a
    0 kept
    ");
}

#[test]
fn lifting_protection_and_destroying_take_two_plans() {
    let world = World::with(STACK);
    let lifted = STACK.replace(" +protect", "");
    assert_snapshot!(world.plan(&lifted.replace("a version=15", "a version=16")), @"
    error: Protected objects would be destroyed: `a` (replaced)
    hint: To destroy them on purpose, declare them with `protect = false`, apply that change alone, and then plan again
    ");
    let world = world.apply(&lifted);
    assert_snapshot!(world.plan(&lifted.replace("a version=15", "a version=16")), @r#"
    -/+ a [Attribute("version")] (destroys data)
        version: 15 -> 16 replaces
    0. delete a [destroys data]
    1. create a after 0
    2 kept
    "#);
    assert_snapshot!(world.plan("server c version=15"), @"
    - a Undeclared (destroys data)
    - b Undeclared (destroys data)
    0. delete a [destroys data]
    1. delete b [destroys data]
    1 kept
    ");
}

#[test]
fn what_never_came_to_be_whole_is_not_protected() {
    let world = World::with("server a +protect").record("a", |record| record.tainted = true);
    assert_snapshot!(world.plan("server a +protect"), @"
    -/+ a [Tainted] (replacing)
    0. delete a [replacing]
    1. create a after 0
    0 kept
    ");
    assert_snapshot!(World::with("server a +protect").seen("a half-made").plan(""), @"
    - a Undeclared (safe)
    0. delete a
    0 kept
    ");
}

#[test]
fn what_is_whole_is_protected_although_its_record_is_unfinished() {
    let tainted = |stack| {
        World::with(stack)
            .record("a", |record| record.tainted = true)
            .seen("")
    };
    let world = tainted("server a +protect");
    assert_snapshot!(world.plan("server a +protect"), @"
    error: Protected objects would be destroyed: `a` (replaced)
    hint: To destroy them on purpose, declare them with `protect = false`, apply that change alone, and then plan again
    ");
    assert_snapshot!(world.plan(""), @"
    error: Protected objects would be destroyed: `a` (deleted)
    hint: To destroy them on purpose, declare them with `protect = false`, apply that change alone, and then plan again
    ");
    assert_snapshot!(tainted("server a").plan("server a +protect"), @"
    error: Protected objects would be destroyed: `a` (replaced)
    hint: To destroy them on purpose, declare them with `protect = false`, apply that change alone, and then plan again
    ");
    // The record cannot follow the stack without a replacement, so there must be a way.
    assert_snapshot!(world.plan("server a"), @"
    -/+ a [Tainted] (destroys data)
        protect: true -> false
    0. delete a [destroys data]
    1. create a after 0
    0 kept
    ");
}

#[test]
fn what_is_gone_is_not_protected() {
    let world = World::with("server a +protect").seen("a gone");
    assert_snapshot!(world.plan("server a +protect"), @"
    drift a gone
    + a (Disappeared)
    0. create a
    0 kept
    ");
    assert_snapshot!(world.plan(""), @"
    < a (Gone)
    0. forget a
    0 kept
    ");
}
