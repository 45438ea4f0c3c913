//! Lowering: the pure step from a stack's components to the graph of resources.
//!
//! The provider knows what one component becomes; this crate knows everything around that: in which order
//! components are asked, how one component's exports reach the inputs of another, what `depends_on` and the
//! lifecycle of a component mean for its resources, and whether what the provider said holds together.
//!
//! *Architecture invariant:* no I/O, no async, no provider by name. The same stack gives the same graph.

use std::collections::{BTreeMap, BTreeSet};

use infra_model::address::{Address, ComponentAddress};
use infra_model::component::Component;
use infra_model::diagnostic::{Diagnostic, Severity};
use infra_model::resource::{Desired, ResourceGraph, Target};
use infra_model::schema::SchemaSet;
use infra_model::stack::Stack;
use infra_model::value::Value;
use infra_provider::lowering::{LowerRequest, Lowered, Lowering};

pub mod check;
pub mod exports;
pub mod lifecycle;
pub mod needs;

/// Returns the resources of a stack, and what is wrong with it or with what the provider made of it.
///
/// Resources to which the provider gives no target get `target`. Notices of the provider are kept in the graph,
/// errors and warnings are returned; with an error among them the graph is not to be used.
#[must_use]
pub fn lower(
    stack: &Stack,
    lowering: &dyn Lowering,
    schemas: &SchemaSet,
    target: &Target,
) -> (ResourceGraph, Vec<Diagnostic>) {
    let mut progress = Progress::new(stack);
    let place = stack.environment.provider.span;
    for mistake in lowering.mistakes(&stack.environment) {
        let span = mistake.span.or(Some(place));
        progress.diagnostics.push(Diagnostic { span, ..mistake });
    }
    match needs::order(stack, &mut progress.diagnostics) {
        Ok(order) => {
            for component in order {
                let lowered = lowering.lower(&LowerRequest { component, stack });
                progress.take(component, lowered, schemas, target);
            }
        }
        Err(cycle) => progress.diagnostics.push(cycle),
    }
    progress.finish(stack, schemas)
}

/// What is known after some of the components.
#[derive(Debug)]
struct Progress<'a> {
    /// The resources so far are not in it yet, see `resources`.
    graph: ResourceGraph,
    resources: Vec<Desired>,
    diagnostics: Vec<Diagnostic>,
    /// Components that stand in somebody's `depends_on`.
    waited_for: BTreeSet<&'a ComponentAddress>,
    /// The resources that have to exist before such a component counts as there: those that none of its own needs.
    ends: BTreeMap<ComponentAddress, BTreeSet<Address>>,
    /// Components that the provider refused: what is missing of them is not worth a second message.
    failed: BTreeSet<ComponentAddress>,
}

impl<'a> Progress<'a> {
    fn new(stack: &'a Stack) -> Self {
        let components = stack.components.values();
        Progress {
            graph: ResourceGraph::default(),
            resources: Vec::with_capacity(stack.components.len()),
            diagnostics: Vec::new(),
            waited_for: components
                .flat_map(|component| &component.lifecycle.depends_on)
                .collect(),
            ends: BTreeMap::new(),
            failed: BTreeSet::new(),
        }
    }

    fn take(&mut self, component: &Component, lowered: Lowered, schemas: &SchemaSet, target: &Target) {
        self.take_diagnostics(component, lowered.diagnostics);
        let mut resources = lowered.resources;
        for desired in &mut resources {
            for (attribute, value) in &mut desired.inputs {
                self.resolve(component, attribute, value);
            }
            if desired.target == Target::default() {
                desired.target = target.clone();
            }
        }
        let mut exports = lowered.exports;
        for (name, value) in &mut exports {
            self.resolve(component, name, value);
        }
        if !self.failed.contains(&component.address) {
            check::exports(component, &exports, &mut self.diagnostics);
        }
        self.graph.exports.insert(component.address.clone(), exports);
        lifecycle::apply(component, &mut resources, schemas, &mut self.diagnostics);
        self.join(component, &mut resources);
        for desired in &resources {
            check::resource(component, desired, schemas, &mut self.diagnostics);
        }
        self.resources.extend(resources);
    }

    fn take_diagnostics(&mut self, component: &Component, diagnostics: Vec<Diagnostic>) {
        for mut diagnostic in diagnostics {
            diagnostic.span = diagnostic.span.or(Some(component.span));
            if diagnostic.is_error() {
                self.failed.insert(component.address.clone());
            }
            match diagnostic.severity {
                Severity::Notice => self.graph.notices.push(diagnostic),
                Severity::Error | Severity::Warning => self.diagnostics.push(diagnostic),
            }
        }
    }

    fn resolve(&mut self, component: &Component, attribute: &str, value: &mut Value) {
        if let Err(fault) = exports::resolve(value, &self.graph.exports) {
            if !fault.missing_of().is_some_and(|of| self.failed.contains(of)) {
                self.diagnostics.push(fault.diagnostic(component, attribute));
            }
            self.failed.insert(component.address.clone());
        }
    }

    /// Makes the first resources of the component wait for the last ones of the components in `depends_on`.
    fn join(&mut self, component: &Component, resources: &mut [Desired]) {
        let before: BTreeSet<Address> = component
            .lifecycle
            .depends_on
            .iter()
            .filter_map(|address| self.ends.get(address))
            .flatten()
            .cloned()
            .collect();
        let is_waited_for = self.waited_for.contains(&component.address);
        if before.is_empty() && !is_waited_for {
            return;
        }
        let ends = lifecycle::join(resources, &before);
        if is_waited_for {
            self.ends.insert(component.address.clone(), ends);
        }
    }

    /// Puts the resources into the graph, all at once: a map that grows one by one stays half empty.
    fn finish(mut self, stack: &Stack, schemas: &SchemaSet) -> (ResourceGraph, Vec<Diagnostic>) {
        self.resources
            .sort_by(|left, right| left.address.cmp(&right.address));
        for pair in self.resources.windows(2) {
            let address = &pair[1].address;
            let component = stack.components.get(address.component_str());
            if let Some(component) = component.filter(|_| pair[0].address == *address) {
                let detail = format!("`{address}` was made twice");
                self.diagnostics.push(check::defect(component, detail));
            }
        }
        let resources = self.resources.into_iter();
        self.graph.resources = resources
            .map(|desired| (desired.address.clone(), desired))
            .collect();
        check::references(&self.graph, schemas, &mut self.diagnostics);
        (self.graph, self.diagnostics)
    }
}

#[cfg(test)]
mod tests;
