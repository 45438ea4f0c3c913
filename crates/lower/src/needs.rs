//! Which components a component needs, and the order that follows.

use std::collections::{BTreeMap, BTreeSet};

use infra_model::address::ComponentAddress;
use infra_model::component::key_vault::VaultSecret;
use infra_model::component::{Component, ComponentSpec, SegmentRef};
use infra_model::diagnostic::{Diagnostic, near_match};
use infra_model::expression::{Reference, each_reference};
use infra_model::graph::{Cycle, Graph};
use infra_model::stack::Stack;
use infra_model::value::Value;

/// Returns all components, each after those that it needs.
///
/// A need that the stack does not declare becomes a diagnostic and is left out of the order.
///
/// # Errors
///
/// When components need each other in a circle.
pub fn order<'a>(
    stack: &'a Stack,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Vec<&'a Component>, Diagnostic> {
    let needs: BTreeMap<&ComponentAddress, BTreeSet<&ComponentAddress>> = stack
        .components
        .values()
        .map(|component| (&component.address, of(component)))
        .collect();
    for (address, needs) in &needs {
        for need in needs.iter().filter(|need| !stack.components.contains_key(**need)) {
            diagnostics.push(undeclared(stack, &stack.components[*address], need));
        }
    }
    let graph = Graph::new(
        needs
            .iter()
            .map(|(address, needs)| (*address, needs.iter().collect())),
    );
    match graph.order() {
        Ok(order) => Ok(order
            .into_iter()
            .map(|address| &stack.components[*address])
            .collect()),
        Err(cycle) => Err(in_a_circle(stack, &cycle)),
    }
}

/// Returns the components that a component needs: those it refers to, its segment's network, and `depends_on`.
#[must_use]
pub fn of(component: &Component) -> BTreeSet<&ComponentAddress> {
    let mut needs: BTreeSet<&ComponentAddress> = component.lifecycle.depends_on.iter().collect();
    needs.extend(segment(&component.spec).map(|segment| &segment.network));
    let settings = component.provider_settings.values().flat_map(|set| set.values());
    for value in values(&component.spec).into_iter().chain(settings) {
        each_reference(value, &mut |reference| {
            if let Reference::Export { component, .. } = reference {
                needs.insert(component);
            }
        });
    }
    needs
}

fn segment(spec: &ComponentSpec) -> Option<&SegmentRef> {
    match spec {
        ComponentSpec::Postgres(postgres) => postgres.segment.as_ref(),
        ComponentSpec::Redis(redis) => redis.segment.as_ref(),
        ComponentSpec::Network(_) | ComponentSpec::BlobStore(_) | ComponentSpec::KeyVault(_) => None,
    }
}

/// Returns the attributes of a component that may hold references.
fn values(spec: &ComponentSpec) -> Vec<&Value> {
    match spec {
        ComponentSpec::Postgres(postgres) => postgres.parameters.values().collect(),
        ComponentSpec::KeyVault(vault) => vault
            .secrets
            .values()
            .filter_map(|secret| match secret {
                VaultSecret::Given(value) => Some(value),
                VaultSecret::Generated(_) => None,
            })
            .collect(),
        ComponentSpec::Network(_) | ComponentSpec::Redis(_) | ComponentSpec::BlobStore(_) => Vec::new(),
    }
}

fn undeclared(stack: &Stack, component: &Component, need: &ComponentAddress) -> Diagnostic {
    let detail = format!(
        "`{}` needs `{need}`, which the stack does not declare",
        component.address
    );
    let diagnostic = Diagnostic::error("A needed component does not exist", detail).at(component.span);
    let known = stack.components.keys().map(ComponentAddress::as_str);
    match near_match(need.as_str(), known) {
        Some(near) => diagnostic.hint(format!("Did you mean `{near}`?")),
        None => diagnostic.hint("Declare it, or remove the reference"),
    }
}

fn in_a_circle(stack: &Stack, cycle: &Cycle<&ComponentAddress>) -> Diagnostic {
    let names: Vec<String> = cycle
        .path
        .iter()
        .chain(cycle.path.first())
        .map(|address| format!("`{address}`"))
        .collect();
    let mut diagnostic = Diagnostic::error("Components need each other in a circle", names.join(" needs "))
        .hint("Remove one of these references or `depends_on`");
    for (at, address) in cycle.path.iter().enumerate() {
        let span = stack.components[*address].span;
        let next = cycle.path[(at + 1) % cycle.path.len()];
        diagnostic = match at {
            0 => diagnostic.at(span),
            _ => diagnostic.related(span, format!("`{address}` needs `{next}`")),
        };
    }
    diagnostic
}
