//! Errors that come from records, schemas and values rather than from what is asked.

use infra_model::record::RecordEntry;
use infra_model::sealing::Secret;
use infra_model::value::Value;
use insta::assert_snapshot;

use crate::language::graph;
use crate::render::error_text;
use crate::world::World;

#[test]
fn a_damaged_record_is_named() {
    let mut world = World::with("net a cidr=1");
    let (_, entry) = world.snapshot.records.pop_first().unwrap();
    let header = entry.header();
    let key = entry.record().unwrap().key.clone();
    for bytes in [&b"\x01"[..], b"\x01\x00\x00\x00{", b"\x09\x00\x00\x00{}"] {
        let entry = RecordEntry::from_parts(header, bytes.into());
        world.snapshot.records.insert(key.clone(), entry);
        assert!(
            world.plan("net a cidr=1").starts_with("1 kept"),
            "nobody looked inside"
        );
        let text = world.plan("net a cidr=2");
        assert!(
            text.starts_with("error: The record of `a` cannot be read\ncaused by: The record "),
            "{text}"
        );
    }
}

#[test]
fn a_record_of_a_newer_schema_is_not_touched() {
    let world = World::with("net a cidr=1").record("a", |record| record.schema_version = 2);
    assert_snapshot!(world.plan("net a cidr=2"), @"
    error: The record of `a` has schema version 2, this engine knows version 1
    hint: The state was written by a newer engine: use that version or a later one
    ");
}

#[test]
fn a_type_that_is_unknown_cannot_be_deleted() {
    let mut world = World::with("net a cidr=1");
    world.schemas = infra_model::schema::SchemaSet::default();
    assert_snapshot!(world.plan(""), @"
    error: This engine does not know the type of `a`
    hint: The state was written by a newer engine: use that version or a later one
    ");
}

#[test]
fn an_output_that_is_not_recorded_is_missed() {
    let world = World::with("net a cidr=1").record("a", |record| {
        record.outputs.remove("gateway");
    });
    assert_snapshot!(world.plan("net a cidr=1\nrule b from=$a.gateway"), @"
    error: `b` refers to the output `gateway` of `a`, which is not recorded
    hint: Plan with a refresh, which reads it again. What cannot be read comes only with a new object: --replace 'a'
    ");
}

#[test]
fn an_expression_that_does_not_fit_its_outputs_is_named() {
    let world = World::with("net a cidr=1");
    let mut graph = graph("net a cidr=1\nrule b from=$a.id");
    let rule = crate::language::address("rule", "b");
    let from = graph.resources[&rule].inputs["from"].clone();
    let operation = infra_model::operation::Operation::Operator(infra_model::operation::Operator::Add);
    let sum = operation.fold(vec![Value::from(1_i64), from]).unwrap();
    graph
        .resources
        .get_mut(&rule)
        .unwrap()
        .inputs
        .insert("from".into(), sum);
    assert_snapshot!(error_text(&world.try_plan(&graph).unwrap_err()), @"
    error: `from` of `b` cannot be computed
    caused by: Expected a number, found text
    hint: Look at what the expression refers to
    ");
}

#[test]
fn a_secret_in_clear_is_refused_before_anything_is_hashed() {
    let mut graph = graph("role a password=x");
    let role = graph.resources.values_mut().next().unwrap();
    role.inputs
        .insert("password".into(), Value::Secret(Secret::new("hunter2")));
    let text = error_text(&World::empty().try_plan(&graph).unwrap_err());
    assert_snapshot!(text, @"
    error: A secret of `a` was not sealed before planning
    hint: This is a defect of the engine, not of the stack: please report it
    ");
}

#[test]
fn a_need_that_does_not_exist_is_a_defect() {
    let mut graph = graph("net a cidr=1\nrule b from=$a.id");
    graph.resources.pop_first();
    assert_snapshot!(error_text(&World::empty().try_plan(&graph).unwrap_err()), @"
    error: `b` needs `a`, which the stack does not have
    hint: This is a defect of the engine, not of the stack: please report it
    ");
}
