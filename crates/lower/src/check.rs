//! Checks of what a provider made of a component. What they find is a defect of the provider, not of the stack.

use infra_model::component::Component;
use infra_model::component::exports::of_component;
use infra_model::diagnostic::{Diagnostic, near_match};
use infra_model::expression::{Reference, each_reference};
use infra_model::resource::{Desired, ResourceGraph};
use infra_model::schema::{ResourceSchema, SchemaSet};
use infra_model::value::{Attributes, Value};

const SUMMARY: &str = "The provider has a defect";
const HINT: &str = "The stack is not at fault: please report this with the stack";

/// Returns a diagnostic that blames the provider.
#[must_use]
pub fn defect(component: &Component, detail: impl Into<String>) -> Diagnostic {
    Diagnostic::error(SUMMARY, detail).at(component.span).hint(HINT)
}

/// Checks that a component exports everything that references may name.
pub fn exports(component: &Component, exports: &Attributes, diagnostics: &mut Vec<Diagnostic>) {
    for (path, _) in of_component(&component.spec) {
        if !has(exports, &path) {
            let detail = format!("`{}` does not export `{}`", component.address, path.join("."));
            diagnostics.push(defect(component, detail));
        }
    }
}

fn has(exports: &Attributes, path: &[String]) -> bool {
    let Some((first, rest)) = path.split_first() else {
        return true;
    };
    match exports.get(first) {
        Some(Value::Map(inner)) => has(inner, rest),
        // Behind a deferred value any path may appear later.
        Some(Value::Deferred(_)) => true,
        Some(_) => rest.is_empty(),
        None => false,
    }
}

/// Checks that a resource belongs to its component and fits the schema of its type.
pub fn resource(
    component: &Component,
    desired: &Desired,
    schemas: &SchemaSet,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let address = &desired.address;
    if address.component_str() != component.address.as_str() {
        let detail = format!("`{address}` was made for `{}`", component.address);
        diagnostics.push(defect(component, detail));
    }
    let Some(schema) = schemas.get(address.resource_type_str()) else {
        let detail = format!("`{address}` has no schema");
        diagnostics.push(defect(component, detail));
        return;
    };
    for name in desired.inputs.keys() {
        if !schema.attributes.contains_key(name) {
            let near = near_match(name, schema.attributes.keys().map(String::as_str));
            let near = near.map_or(String::new(), |near| format!("; there is `{near}`"));
            let detail = format!("`{address}` has no attribute `{name}`{near}");
            diagnostics.push(defect(component, detail));
        }
    }
}

/// Checks that every reference and edge of the graph leads to a resource, and every reference to an output of it.
pub fn references(graph: &ResourceGraph, schemas: &SchemaSet, diagnostics: &mut Vec<Diagnostic>) {
    for desired in graph.resources.values() {
        for need in &desired.after {
            if !graph.resources.contains_key(need) {
                let detail = format!("`{}` waits for `{need}`, which does not exist", desired.address);
                diagnostics.push(Diagnostic::error(SUMMARY, detail).hint(HINT));
            }
        }
        let subject = desired.address.as_str();
        values(subject, &desired.inputs, graph, schemas, diagnostics);
    }
    for (component, exports) in &graph.exports {
        values(component.as_str(), exports, graph, schemas, diagnostics);
    }
}

fn values(
    subject: &str,
    values: &Attributes,
    graph: &ResourceGraph,
    schemas: &SchemaSet,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for value in values.values() {
        each_reference(value, &mut |reference| {
            if let Some(detail) = dangling(subject, reference, graph, schemas) {
                diagnostics.push(Diagnostic::error(SUMMARY, detail).hint(HINT));
            }
        });
    }
}

fn dangling(
    subject: &str,
    reference: &Reference,
    graph: &ResourceGraph,
    schemas: &SchemaSet,
) -> Option<String> {
    // References to exports that stayed were reported when they could not be replaced.
    let Reference::Output {
        address,
        output,
        secret,
    } = reference
    else {
        return None;
    };
    if !graph.resources.contains_key(address) {
        return Some(format!(
            "`{subject}` refers to `{reference}`, but there is no such resource"
        ));
    }
    let schema: &ResourceSchema = schemas.get(address.resource_type_str())?;
    match schema.outputs.get(output) {
        None => Some(format!(
            "`{subject}` refers to `{reference}`, but there is no such output"
        )),
        Some(known) if known.secret != *secret => {
            let (is, says) = if known.secret {
                ("is", "not")
            } else {
                ("is not", "one")
            };
            Some(format!(
                "`{reference}` {is} a secret, but the reference of `{subject}` says that it is {says}"
            ))
        }
        Some(_) => None,
    }
}
