//! What is compared between runs: everything but the identities that the cloud assigns.

use std::collections::{BTreeMap, BTreeSet};

use infra_model::expression::resolve;
use infra_model::plan::Action;
use infra_model::record::ObjectId;
use infra_model::sealing::open_value;
use infra_model::value::{Attributes, Value};
use provider_sim::cloud::object::Object;

use super::lab::Lab;
use super::want::Rot;

/// The cloud and the state as text, one line per object and per record, identities replaced by names.
pub(crate) async fn shape(lab: &Lab) -> String {
    let (state, objects) = (lab.state().await, lab.cloud.objects());
    let mut names: BTreeMap<ObjectId, String> = BTreeMap::new();
    for (key, entry) in &state.records {
        names.insert(
            entry.record().unwrap().id.clone(),
            format!("<{}>", key.address.name()),
        );
    }
    let mut lines: Vec<String> = objects.iter().map(|object| object_line(object, &names)).collect();
    for (key, entry) in &state.records {
        let record = entry.record().unwrap();
        let inputs = text(&opened(&record.inputs), &names);
        let dependencies: Vec<&str> = record.dependencies.iter().map(|address| address.name()).collect();
        let deposed = if key.deposed.is_some() { " deposed" } else { "" };
        let tainted = if record.tainted { " tainted" } else { "" };
        lines.push(format!(
            "record {}{deposed}{tainted} {inputs} needs {dependencies:?}",
            key.address.name()
        ));
    }
    lines.push(format!("{} open intents", state.open_intents.len()));
    lines.sort();
    lines.join("\n")
}

fn object_line(object: &Object, names: &BTreeMap<ObjectId, String>) -> String {
    let name = names.get(&object.id).map_or("unrecorded", String::as_str);
    let attributes = text(&object.attributes, names);
    format!(
        "object {} {name} {:?} {attributes}",
        object.resource_type, object.condition
    )
}

fn opened(inputs: &Attributes) -> Attributes {
    let open = |value: &Value| resolve(open_value(value.clone(), &Rot).unwrap(), &|_| None).unwrap();
    inputs
        .iter()
        .map(|(name, value)| (name.clone(), open(value)))
        .collect()
}

/// Writes attributes with secrets in clear: whether they are the right ones is what we want to know here. Secrets
/// that the cloud generates depend on identities, so only their sort is compared.
fn text(attributes: &Attributes, names: &BTreeMap<ObjectId, String>) -> String {
    let mut text = String::new();
    for (name, value) in attributes {
        let shown = match value {
            Value::Secret(secret) if secret.expose().starts_with("key-") => "generated".to_owned(),
            Value::Secret(secret) => secret.expose().to_owned(),
            other => format!("{other:?}"),
        };
        text.push_str(&format!("{name}={shown} "));
    }
    for (id, name) in names {
        text = text
            .replace(&format!("\"{id}\""), name)
            .replace(&format!("//{id}\""), name);
    }
    text
}

/// Checks that every object is in the state or belongs to an open intent.
pub(crate) async fn assert_nothing_lost(lab: &Lab, when: &str) {
    let state = lab.state().await;
    let mut known: BTreeSet<(String, ObjectId)> = BTreeSet::new();
    for (key, entry) in &state.records {
        let id = entry.record().unwrap().id.clone();
        let fresh = known.insert((key.address.resource_type_str().to_owned(), id));
        assert!(fresh, "{when}: two records name the object of `{key}`");
    }
    for object in lab.cloud.objects() {
        let recorded = known.contains(&(object.resource_type.clone(), object.id.clone()));
        let intended = state.open_intents.iter().any(|open| {
            let is_create = matches!(open.intent.action, Action::Create { .. });
            let same_type = open.intent.key.address.resource_type_str() == object.resource_type;
            let token = object.tag.as_ref().map(|tag| &tag.token);
            is_create && same_type && token.is_none_or(|token| *token == open.intent.token)
        });
        assert!(recorded || intended, "{when}: nobody knows {object:?}");
    }
}

/// Checks that state and cloud hold the same objects and that no intent is open.
pub(crate) async fn assert_settled(lab: &Lab, when: &str) {
    let state = lab.state().await;
    let records = state
        .records
        .values()
        .map(|entry| entry.record().unwrap().id.clone());
    let records: BTreeSet<ObjectId> = records.collect();
    let objects: BTreeSet<ObjectId> = lab.cloud.objects().into_iter().map(|object| object.id).collect();
    assert_eq!(records, objects, "{when}");
    assert!(state.open_intents.is_empty(), "{when}: {:?}", state.open_intents);
}
