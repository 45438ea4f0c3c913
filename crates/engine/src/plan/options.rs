//! What a plan is asked to do beyond the stack, as the user names it and as the planner takes it.

use std::collections::BTreeSet;

use infra_model::address::Address;
use infra_model::diagnostic::near_match;
use infra_model::resource::ResourceGraph;
use infra_model::schema::SchemaSet;
use infra_plan::request::{Goal, PlanOptions};

use crate::error::EngineError;

/// What a plan looks at, and what it is asked to do beyond the stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Only these components or resources and what they need.
    pub targets: Vec<String>,
    /// Everything but these components or resources and what needs them.
    pub excludes: Vec<String>,
    /// Resources to replace even if nothing changed.
    pub replace: Vec<String>,
    /// Secrets to rotate: resources, or components for all their generated ones.
    pub rotate: Vec<String>,
    /// Whether to ask the providers what exists.
    pub refresh: bool,
    /// Whether everything is deleted.
    pub destroy: bool,
}

/// Returns the options with names resolved to resources.
pub(super) fn resolved(
    options: &Options,
    graph: &ResourceGraph,
    schemas: &SchemaSet,
) -> Result<PlanOptions, EngineError> {
    let replace = options
        .replace
        .iter()
        .map(|text| select(text, graph, |_| true))
        .collect::<Result<Vec<_>, _>>()?;
    let rotates = |address: &Address| {
        schemas
            .get(address.resource_type_str())
            .is_some_and(|schema| schema.attributes.contains_key("rotation"))
    };
    let rotate = options
        .rotate
        .iter()
        .map(|text| select(text, graph, rotates))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(PlanOptions {
        goal: if options.destroy {
            Goal::Destroy
        } else {
            Goal::Converge
        },
        targets: options.targets.iter().cloned().collect(),
        excludes: options.excludes.iter().cloned().collect(),
        replace: replace.into_iter().flatten().collect(),
        rotate: rotate.into_iter().flatten().collect(),
    })
}

/// Returns the resource of this address, or all of this component, that fit.
fn select(
    text: &str,
    graph: &ResourceGraph,
    fits: impl Fn(&Address) -> bool,
) -> Result<BTreeSet<Address>, EngineError> {
    let named = |address: &&Address| address.as_str() == text || address.component_str() == text;
    let found: BTreeSet<Address> = graph
        .resources
        .keys()
        .filter(named)
        .filter(|address| fits(address))
        .cloned()
        .collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let fitting = graph.resources.keys().filter(|address| fits(address));
    let names = fitting.flat_map(|address| [address.as_str(), address.component_str()]);
    let hint = near_match(text, names).map_or_else(
        || "See what there is with: infra state list ENVIRONMENT".to_owned(),
        |near| format!("Did you mean `{near}`?"),
    );
    Err(EngineError::request(
        format!("Nothing of that kind is called `{text}`"),
        hint,
    ))
}
