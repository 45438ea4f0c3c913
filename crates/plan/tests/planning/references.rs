//! References: what is known of outputs before apply, and what follows for those that use them.

use insta::assert_snapshot;

use crate::world::{World, plan_text};

#[test]
fn everything_is_created_after_what_it_needs() {
    let stack = "server b net=$a.id size=1 note=(at:,$a.gateway)
                 net a cidr=1
                 rule c from=$a.id to=$b.id
                 net d +after:c";
    assert_snapshot!(plan_text("", stack), @r#"
    + a (New)
        cidr: 1
    + b (New)
        net: a.id
        note: $template("at:", a.gateway)
        size: 1
    + c (New)
        from: a.id
        to: b.id
    + d (New)
    0. create a
    1. create b after 0
    2. create c after 0 1
    3. create d after 2
    0 kept
    "#);
}

#[test]
fn an_unchanged_stack_has_an_empty_plan() {
    let stack = "net a cidr=1
                 server b net=$a.id size=1 note=(at:,$a.gateway)
                 role c password=$b.url on=(x,$b.url)";
    assert_snapshot!(plan_text(stack, stack), @"3 kept");
    assert_snapshot!(World::with(stack).seen("").plan(stack), @"3 kept");
}

#[test]
fn an_output_of_what_is_kept_is_what_the_record_holds() {
    let stack = "net a cidr=1
                 rule b from=$a.id";
    assert_snapshot!(plan_text(stack, &format!("{stack} to=$a.id")), @r#"
    ~ b (safe)
        to: "a#1"
    0. update b
    1 kept
    "#);
}

#[test]
fn an_update_leaves_outputs_known_unless_it_changes_them() {
    let stack = "net a zones=1
                 rule b from=$a.id
                 rule c from=$a.gateway";
    assert_snapshot!(plan_text(stack, &stack.replace("zones=1", "zones=2")), @r#"
    ~ a (safe)
        zones: 1 -> 2
    ~ c (safe)
        from: "gateway c562fd1ad39e" -> a.gateway
    0. update a
    1. update c after 0
    1 kept
    "#);
}

#[test]
fn a_sealed_secret_inside_an_operation_is_compared_as_it_stands() {
    let stack = "secret a length=8
                 role b password=(x,$a.value) on=1";
    assert_snapshot!(plan_text(stack, stack), @"2 kept");
    assert_snapshot!(plan_text(stack, &stack.replace("(x,", "(y,")), @r#"
    ~ b (safe)
        password: $template("x", (secret)) -> $template("y", (secret))
    0. update b
    1 kept
    "#);
}

#[test]
fn a_composed_secret_that_somebody_changed_is_set_again() {
    let stack = "secret a length=8
                 vault b text=(x,$a.value)";
    assert_snapshot!(World::with(stack).seen("").plan(stack), @"2 kept");
    assert_snapshot!(World::with(stack).seen("b text=!stolen value:=!stolen").plan(stack), @r#"
    drift b
        text: $template("x", (secret)) -> (secret) drifted
    ~ b (safe)
        text: (secret) -> $template("x", (secret)) drifted
    0. update b
    1 kept
    "#);
}

#[test]
fn a_circle_is_reported_as_its_whole_path() {
    let stack = "rule a from=$c.id
                 rule b +after:a
                 rule c from=1 +after:b";
    assert_snapshot!(plan_text("", &stack.replace("$c.id", "1 +after:c")), @"
    error: Resources need each other in a circle: `a` → `c` → `b` → `a`
    hint: Remove one of these references or `depends_on`
    ");
}

#[test]
fn a_dependency_between_unchanged_neighbours_orders_what_changes() {
    let stack = "net a zones=1
                 rule b +after:a
                 role c on=1 +after:b";
    assert_snapshot!(plan_text(stack, &stack.replace("zones=1", "zones=2").replace("on=1", "on=2")), @"
    ~ a (safe)
        zones: 1 -> 2
    ~ c (safe)
        on: 1 -> 2
    0. update a
    1. update c after 0
    1 kept
    ");
}
