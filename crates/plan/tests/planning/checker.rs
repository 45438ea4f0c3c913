//! The checker finds what is wrong with a plan that somebody damaged.

use infra_model::decision::Decision;
use infra_model::plan::{Action, Plan, StepId};
use infra_model::record::Serial;
use infra_model::schema::StepClass;
use infra_model::sealing::Secret;
use infra_model::value::Value;
use infra_plan::check::check;
use insta::assert_snapshot;

use crate::language::{address, graph, short};
use crate::world::World;

const BEFORE: &str = "net a cidr=1
                      server b net=$a.id version=15
                      disk c zone=1 on=$b.id
                      role d on=$c.id
                      server e size=1
                      secret f length=8";

fn after() -> String {
    BEFORE
        .replace("version=15", "version=16")
        .replace("\n                      secret f length=8", "")
}

/// Returns what the checker says of a damaged plan.
fn faults(damage: impl FnOnce(&mut Plan)) -> String {
    faults_in(&World::with(BEFORE), damage)
}

fn faults_in(world: &World, damage: impl FnOnce(&mut Plan)) -> String {
    let mut plan = world.try_plan(&graph(&after())).unwrap();
    damage(&mut plan);
    let faults = check(&plan, &world.snapshot, &world.schemas);
    let text: Vec<String> = faults.iter().map(ToString::to_string).collect();
    short(&text.join("\n"))
}

fn step<'a>(plan: &'a mut Plan, action: &str, name: &str) -> &'a mut infra_model::plan::Step {
    let component = format!("app.{name}");
    let mut steps = plan.steps.iter_mut();
    steps
        .find(|step| step.action.name() == action && step.key.address.component_str() == component)
        .unwrap()
}

#[test]
fn the_plan_that_is_damaged_below() {
    assert_snapshot!(World::with(BEFORE).plan(&after()), @r#"
    -/+ b [Attribute("version")] (destroys data)
        version: 15 -> 16 replaces
    -/+ c [Attribute("on")] (replacing)
        on: "b#2" -> b.id replaces
    ~ d (safe)
        on: "c#3" -> c.id
    - f Undeclared (disruptive)
    0. delete c [replacing]
    1. delete b [destroys data] after 0
    2. create b after 1
    3. create c after 0 2
    4. update d after 3
    5. delete f [disruptive]
    2 kept
    "#);
}

#[test]
fn a_header_that_does_not_fit() {
    assert_snapshot!(faults(|plan| plan.header.format = 9), @"The header does not fit: format");
    assert_snapshot!(faults(|plan| plan.header.serial = Serial(99)), @"The header does not fit: state");
    assert_snapshot!(faults(|plan| plan.header.destroy = true), @"The header does not fit: destroy");
}

#[test]
fn steps_and_edges_out_of_place() {
    assert_snapshot!(faults(|plan| plan.steps.swap(0, 1)), @"
    The step at place 0 calls itself 1
    The step at place 1 calls itself 0
    ");
    assert_snapshot!(faults(|plan| plan.steps[0].after.push(StepId(3))), @"Step 0 cannot wait for step 3");
    assert_snapshot!(faults(|plan| {
        let twice = plan.steps.last_mut().unwrap();
        twice.after = vec![StepId(0), StepId(0)];
    }), @"Step 5 cannot wait for step 0");
}

#[test]
fn steps_that_are_not_those_of_the_decision() {
    let key = address("server", "b");
    assert_snapshot!(faults(|plan| {
        plan.steps.pop();
    }), @"The steps of `f` are not those of its decision");
    assert_snapshot!(faults(|plan| {
        plan.decisions.insert(key.clone(), Decision::Keep);
    }), @"The steps of `b` are not those of its decision");
    assert_snapshot!(faults(|plan| {
        plan.decisions.remove(&key);
    }), @"
    Step 1 changes `b`, of which nothing was decided
    Step 2 changes `b`, of which nothing was decided
    The plan keeps 3 addresses and says 2
    ");
    assert_snapshot!(faults(|plan| step(plan, "create", "b").after.clear()), @"The steps of `b` are not those of its decision");
    assert_snapshot!(faults(|plan| plan.kept = 7), @"The plan keeps 2 addresses and says 7");
}

#[test]
fn a_step_before_what_it_needs() {
    assert_snapshot!(faults(|plan| step(plan, "update", "d").after.clear()), @"
    Step 4 does not wait for `c`
    Step 4 refers to `c.id`, which no earlier step and no record provides
    Step 0 deletes what `d` still needs
    ");
}

#[test]
fn a_deletion_before_that_of_a_user() {
    assert_snapshot!(faults(|plan| {
        let b = step(plan, "delete", "b").id;
        plan.steps[b.0 as usize].after.clear();
    }), @"Step 1 deletes what `c` still needs");
}

#[test]
fn a_reference_to_nothing() {
    assert_snapshot!(faults(|plan| {
        if let Action::Update { draft, .. } = &mut step(plan, "update", "d").action {
            let other = graph("rule x from=$y.gone\nnet y cidr=1");
            let value = other.resources[&address("rule", "x")].inputs["from"].clone();
            draft.inputs.insert("on".into(), value);
        }
    }), @"Step 4 refers to `y.gone`, which no earlier step and no record provides");
}

#[test]
fn a_secret_in_clear() {
    let secret = || Value::list([Value::Secret(Secret::new("hunter2"))]);
    assert_snapshot!(faults(|plan| {
        if let Action::Update { draft, .. } = &mut step(plan, "update", "d").action {
            draft.inputs.insert("on".into(), secret());
        }
        if let Some(Decision::Update { changes, .. }) = plan.decisions.get_mut(&address("role", "d")) {
            changes[0].after = secret();
        }
    }), @"
    A secret of `d` stands in clear
    A secret of `d` stands in clear
    ");
}

#[test]
fn serials_that_are_missing_or_wrong() {
    assert_snapshot!(faults(|plan| {
        for serial in plan.touched.values_mut().take(1) {
            *serial = Some(Serial(77));
        }
        plan.touched.pop_last();
    }), @"The serial of `f` is missing or wrong");
}

#[test]
fn steps_about_other_objects() {
    assert_snapshot!(faults(|plan| {
        if let Action::Update { before, .. } = &mut step(plan, "update", "d").action {
            *before = infra_model::digest::Digest::default();
        }
        if let Action::Delete { id, .. } = &mut step(plan, "delete", "f").action {
            id.0.push('x');
        }
    }), @"
    Step 4 is not about the object that is recorded
    Step 5 is not about the object that is recorded
    ");
}

#[test]
fn objects_that_must_not_be_touched() {
    let mut world = World::with(BEFORE);
    let plan = world.try_plan(&graph(&after())).unwrap();
    world = world
        .record("f", |record| record.protect = true)
        .seen("d foreign");
    let faults = check(&plan, &world.snapshot, &world.schemas);
    let text: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_snapshot!(short(&text.join("\n")), @"
    Step 4 changes an object of somebody else
    Step 5 deletes a protected object
    ");
}

#[test]
fn classes_that_hide_or_invent_harm() {
    assert_snapshot!(faults(|plan| step(plan, "delete", "b").class = StepClass::Safe), @"
    `b` has the wrong class
    `b` has the wrong class
    ");
    assert_snapshot!(faults(|plan| step(plan, "update", "d").class = StepClass::Disruptive), @"
    `d` has the wrong class
    `d` has the wrong class
    ");
    assert_snapshot!(faults(|plan| {
        if let Some(Decision::Delete { class, .. }) = plan.decisions.get_mut(&address("secret", "f")) {
            *class = StepClass::DestroysData;
        }
    }), @"`f` has the wrong class");
}
