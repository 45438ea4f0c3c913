//! What is compared between two worlds: cloud and state, but for the identities that the cloud assigns.

use std::collections::BTreeMap;

use infra_model::expression::resolve;
use infra_model::record::ObjectId;
use infra_model::sealing::{Sealing, open_value};
use infra_model::value::{Attributes, Value};
use infra_state::contract::State;
use provider_sim::cloud::object::Object;
use provider_sim::cloud::others::is_theirs;

use super::world::World;

/// What objects are called, and which secrets the cloud made for them.
#[derive(Default)]
struct Names {
    ids: BTreeMap<ObjectId, String>,
    keys: BTreeMap<String, String>,
}

/// Returns cloud and state as lines of text, one per object and per record. Identities are replaced by addresses,
/// and secrets that the cloud made by whose they are.
pub async fn shape(world: &World) -> Vec<String> {
    let state = world.state().await;
    let objects: Vec<Object> = world
        .cloud
        .objects()
        .into_iter()
        .filter(|object| !is_theirs(object))
        .collect();
    let names = names(state.as_ref(), &objects);
    let mut lines: Vec<String> = objects.iter().map(|object| of_object(object, &names)).collect();
    if let Some(state) = &state {
        lines.extend(of_state(state, world.key(), &names));
    }
    lines.sort();
    lines
}

fn names(state: Option<&State>, objects: &[Object]) -> Names {
    let mut names = Names::default();
    for (key, entry) in state.iter().flat_map(|state| &state.records) {
        if let Ok(record) = entry.record() {
            let deposed = if key.deposed.is_some() { " deposed" } else { "" };
            names
                .ids
                .insert(record.id.clone(), format!("<{}{deposed}>", key.address));
        }
    }
    for object in objects {
        if let (Some(Value::Secret(key)), Some(name)) = (object.outputs.get("key"), names.ids.get(&object.id))
        {
            names
                .keys
                .insert(key.expose().to_owned(), format!("the key of {name}"));
        }
    }
    names
}

fn of_object(object: &Object, names: &Names) -> String {
    let name = names.ids.get(&object.id).map_or("unrecorded", String::as_str);
    let attributes = names.text(&object.attributes);
    format!(
        "object {} {name} {:?} {attributes}",
        object.resource_type, object.condition
    )
}

fn of_state(state: &State, sealing: &dyn Sealing, names: &Names) -> Vec<String> {
    let mut lines = Vec::new();
    for (key, entry) in &state.records {
        let Ok(record) = entry.record() else {
            lines.push(format!("record {} is not readable", key.address));
            continue;
        };
        let inputs = names.text(&opened(&record.inputs, sealing));
        let needs: Vec<&str> = record
            .dependencies
            .iter()
            .map(|address| address.as_str())
            .collect();
        let marks = [
            (key.deposed.is_some(), "deposed"),
            (record.tainted, "tainted"),
            (record.protect, "protected"),
        ];
        let marks: Vec<&str> = marks
            .iter()
            .filter(|(is, _)| *is)
            .map(|(_, mark)| *mark)
            .collect();
        lines.push(format!(
            "record {} {marks:?} {inputs} needs {needs:?}",
            key.address
        ));
    }
    lines.push(format!("{} open intents", state.open_intents.len()));
    lines
}

fn opened(inputs: &Attributes, sealing: &dyn Sealing) -> Attributes {
    let open = |value: &Value| {
        let opened = open_value(value.clone(), sealing).ok()?;
        resolve(opened, &|_| None).ok()
    };
    inputs
        .iter()
        .map(|(name, value)| {
            (
                name.clone(),
                open(value).unwrap_or_else(|| Value::from("cannot be opened")),
            )
        })
        .collect()
}

impl Names {
    /// Writes attributes with secrets in clear: whether they are the right ones is what we want to know here.
    fn text(&self, attributes: &Attributes) -> String {
        let mut text = String::new();
        // A rotation that was asked for may have been done or not when its engine died.
        for (name, value) in attributes.iter().filter(|(name, _)| *name != "rotation") {
            let shown = match value {
                Value::Secret(secret) => {
                    let secret = secret.expose();
                    self.keys
                        .get(secret)
                        .cloned()
                        .unwrap_or_else(|| secret.to_owned())
                }
                other => format!("{other:?}"),
            };
            text.push_str(&format!("{name}={shown} "));
        }
        for (id, name) in &self.ids {
            text = text.replace(&format!("\"{id}\""), name);
        }
        text
    }
}
