//! What a plan is asked to do beyond the stack, as the user names it and as the planner takes it.

use std::collections::BTreeSet;

use infra_model::address::Address;
use infra_model::diagnostic::near_match;
use infra_model::record::Serial;
use infra_model::resource::ResourceGraph;
use infra_model::schema::SchemaSet;
use infra_model::value::Value;
use infra_plan::naming::names;
use infra_plan::request::{Goal, PlanOptions};
use infra_plan::rotation::ROTATIONS;

use crate::error::EngineError;

/// What a plan looks at, and what it is asked to do beyond the stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Only these components or resources and what they need.
    pub targets: Vec<String>,
    /// Everything but these components or resources and what needs them.
    pub excludes: Vec<String>,
    /// Resources to replace even if nothing changed, or what they belong to: a component, all its instances, a module.
    pub replace: Vec<String>,
    /// Secrets to rotate, or what they belong to, for all its generated ones.
    pub rotate: Vec<String>,
    /// Whether to ask the providers what exists.
    pub refresh: bool,
    /// Whether everything is deleted.
    pub destroy: bool,
    /// The earlier change that is gone back to.
    pub rollback: Option<Serial>,
}

/// Returns the options with names resolved to resources.
pub(super) fn resolved(
    options: &Options,
    graph: &ResourceGraph,
    schemas: &SchemaSet,
) -> Result<PlanOptions, EngineError> {
    let mut replace = BTreeSet::new();
    for text in &options.replace {
        replace.extend(named(text, graph)?);
    }
    let mut rotate = BTreeSet::new();
    for text in &options.rotate {
        rotate.extend(rotating(text, graph, schemas)?);
    }
    Ok(PlanOptions {
        goal: if options.destroy {
            Goal::Destroy
        } else {
            Goal::Converge
        },
        targets: options.targets.iter().cloned().collect(),
        excludes: options.excludes.iter().cloned().collect(),
        replace,
        rotate,
    })
}

/// Returns the resources that a text names.
fn named(text: &str, graph: &ResourceGraph) -> Result<BTreeSet<Address>, EngineError> {
    let all = graph.resources.keys();
    let found: BTreeSet<Address> = all
        .clone()
        .filter(|address| names(text, address))
        .cloned()
        .collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let names = all.flat_map(|address| [address.as_str(), address.component_str()]);
    let hint = near_match(text, names).map_or_else(
        || "See what there is with: infra state list ENVIRONMENT".to_owned(),
        |near| format!("Did you mean `{near}`?"),
    );
    Err(EngineError::request(
        format!("Nothing that the stack declares is called `{text}`"),
        hint,
    ))
}

/// Returns what can be rotated of all that a text names.
fn rotating(
    text: &str,
    graph: &ResourceGraph,
    schemas: &SchemaSet,
) -> Result<BTreeSet<Address>, EngineError> {
    let named = named(text, graph)?;
    // Types have other attributes of this name: a key of a cloud says so whether its material is renewed every year.
    let holds_secret = |address: &&Address| {
        let schema = schemas.get(address.resource_type_str());
        let counter = schema.and_then(|schema| schema.attributes.get(ROTATIONS));
        counter.is_some_and(|counter| counter.carried)
    };
    let secrets: BTreeSet<Address> = named.iter().filter(holds_secret).cloned().collect();
    // One that is given its secret has nothing to make anew: a counter would say that it had.
    let is_given = |address: &&Address| {
        let desired = graph.resources.get(*address);
        desired.is_some_and(|desired| desired.inputs.values().any(Value::is_secret))
    };
    let generated: BTreeSet<Address> = secrets
        .iter()
        .filter(|secret| !is_given(secret))
        .cloned()
        .collect();
    match (secrets.is_empty(), generated.is_empty()) {
        (true, _) => Err(EngineError::request(
            format!("`{text}` has nothing that can be rotated"),
            "Only generated secrets can: those of a key vault, and the passwords of databases",
        )),
        (false, true) => Err(EngineError::request(
            format!("Nothing of `{text}` is generated here: its value comes from the stack"),
            "Change the value where it comes from, and apply",
        )),
        (false, false) => Ok(generated),
    }
}

#[cfg(test)]
mod tests;
