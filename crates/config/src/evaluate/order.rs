//! Evaluates everything that can be named, each after what it needs.
//!
//! The needs are read off the expressions, so a cycle is found before anything is evaluated and told as its whole
//! path, and a chain of a hundred thousand locals does not recurse.

use std::collections::{BTreeMap, BTreeSet};

use infra_model::diagnostic::{Diagnostic, Span};
use infra_model::graph::Graph;

use super::reference::step_name;
use super::{Place, World};
use crate::language::component;
use crate::report::Failed;
use crate::syntax::{Expr, Found, Step, walk};

/// Something that a reference can name, or the instances of a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Named<'a> {
    scope: usize,
    sort: Sort,
    name: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sort {
    Variable,
    Local,
    Output,
    Instances(&'static str),
}

/// The most cycles that are told apart; a stack with more is not understood better by more of them.
const CYCLES_MAX: usize = 20;

type Needs<'a> = BTreeMap<Named<'a>, BTreeSet<Named<'a>>>;

impl<'a> World<'a> {
    /// Finds the values of all names and the instances of all components.
    pub(crate) fn evaluate_names(&self) {
        let mut needs = self.needs();
        for _ in 0..CYCLES_MAX {
            let entries = needs.iter().map(|(name, needs)| (*name, needs.iter().collect()));
            let path = match Graph::new(entries).order() {
                Ok(order) => {
                    order.into_iter().for_each(|name| self.evaluate_name(*name));
                    return;
                }
                Err(cycle) => cycle.path,
            };
            self.report.add(self.cycle(&path));
            // What is on the cycle stays unknown, silently for everything that needs it.
            path.iter().for_each(|name| {
                needs.remove(name);
            });
        }
    }

    fn evaluate_name(&self, named: Named<'a>) {
        let scope = &self.scopes[named.scope];
        let place = Place::scope(named.scope);
        match named.sort {
            Sort::Variable => {
                if let Some(slot) = scope.variables.get(named.name) {
                    let _ = slot.set(self.variable(named.scope, named.name));
                }
            }
            Sort::Local => {
                if let (Some(slot), Some(local)) = (
                    scope.locals.get(named.name),
                    scope.declarations.locals.get(named.name),
                ) {
                    let _ = slot.set(self.value(&local.value, &place));
                }
            }
            Sort::Output => {
                let value = scope
                    .declarations
                    .outputs
                    .get(named.name)
                    .and_then(|output| output.attribute("value"));
                if let Some(slot) = scope.outputs.get(named.name) {
                    let _ = slot.set(
                        value
                            .ok_or(Failed)
                            .and_then(|value| self.value(&value.value, &place)),
                    );
                }
            }
            Sort::Instances(kind) => {
                let name = (kind, named.name);
                if let (Some(slot), Some(component)) = (
                    scope.instances.get(&name),
                    scope.declarations.components.get(&name),
                ) {
                    let _ = slot.set(self.instances(component, named.scope));
                }
            }
        }
    }

    fn needs(&self) -> Needs<'a> {
        let mut needs = Needs::new();
        for (at, scope) in self.scopes.iter().enumerate() {
            let all = scope.variables.keys().map(|name| (Sort::Variable, *name));
            let all = all.chain(scope.locals.keys().map(|name| (Sort::Local, *name)));
            let all = all.chain(scope.outputs.keys().map(|name| (Sort::Output, *name)));
            let all = all.chain(
                scope
                    .instances
                    .keys()
                    .map(|(kind, label)| (Sort::Instances(kind), *label)),
            );
            for (sort, name) in all {
                let named = Named {
                    scope: at,
                    sort,
                    name,
                };
                needs.insert(named, self.needs_of(named));
            }
        }
        needs
    }

    fn needs_of(&self, named: Named<'a>) -> BTreeSet<Named<'a>> {
        let scope = &self.scopes[named.scope];
        let mut needs = BTreeSet::new();
        let mut add = |expression: &'a Expr, scope| self.add_needs(expression, scope, &mut needs);
        match named.sort {
            Sort::Variable => {
                if let (Some(parent), Some(argument)) = (scope.parent, self.argument(named.scope, named.name))
                {
                    add(argument, parent);
                }
            }
            Sort::Local => {
                if let Some(local) = scope.declarations.locals.get(named.name) {
                    add(&local.value, named.scope);
                }
            }
            Sort::Output => {
                let output = scope.declarations.outputs.get(named.name);
                if let Some(value) = output.and_then(|output| output.attribute("value")) {
                    add(&value.value, named.scope);
                }
            }
            Sort::Instances(kind) => {
                let component = &scope.declarations.components[&(kind, named.name)];
                for attribute in ["for_each", "count"]
                    .iter()
                    .filter_map(|name| component.attribute(name))
                {
                    add(&attribute.value, named.scope);
                }
            }
        }
        needs
    }

    fn add_needs(&self, expression: &'a Expr, scope: usize, needs: &mut BTreeSet<Named<'a>>) {
        walk(expression, &mut |found| {
            if let Found::Reference { root, steps, .. } = found
                && let Some((first, rest)) = steps.split_first()
                && let Some(name) = step_name(first)
            {
                self.add_need(scope, (root, name, rest), needs);
            }
        });
    }

    fn add_need(
        &self,
        scope: usize,
        (root, name, steps): (&str, &'a str, &[Step]),
        needs: &mut BTreeSet<Named<'a>>,
    ) {
        let declared = &self.scopes[scope];
        let mut add = |scope, sort, name: Option<&&'a str>| {
            needs.extend(name.map(|name| Named { scope, sort, name }));
        };
        match root {
            "var" => add(
                scope,
                Sort::Variable,
                declared.variables.get_key_value(name).map(|found| found.0),
            ),
            "local" => add(
                scope,
                Sort::Local,
                declared.locals.get_key_value(name).map(|found| found.0),
            ),
            "module" => {
                let Some(child) = declared.children.get(name) else {
                    return;
                };
                let outputs = &self.scopes[*child].outputs;
                match steps.first().and_then(step_name) {
                    Some(output) => add(
                        *child,
                        Sort::Output,
                        outputs.get_key_value(output).map(|found| found.0),
                    ),
                    None => outputs
                        .keys()
                        .for_each(|output| add(*child, Sort::Output, Some(output))),
                }
            }
            kind => {
                let Some(kind) = component::kind(kind) else { return };
                let found = declared.instances.get_key_value(&(kind.kind, name));
                add(
                    scope,
                    Sort::Instances(kind.kind),
                    found.map(|((_, label), _)| label),
                );
            }
        }
    }

    fn cycle(&self, path: &[Named<'_>]) -> Diagnostic {
        let mut names: Vec<String> = path.iter().map(|named| self.shown(*named)).collect();
        names.extend(names.first().cloned());
        let detail = format!("These need each other: {}", names.join(" → "));
        let mut diagnostic = Diagnostic::error("Cycle", detail).hint("Let one of them do without the others");
        let mut places = path
            .iter()
            .filter_map(|named| Some((self.place_of(*named)?, self.shown(*named))));
        if let Some((span, _)) = places.next() {
            diagnostic = diagnostic.at(span);
        }
        places.fold(diagnostic, |diagnostic, (span, name)| {
            diagnostic.related(span, name)
        })
    }

    fn shown(&self, named: Named<'_>) -> String {
        let modules: String = self.scopes[named.scope]
            .path
            .iter()
            .map(|module| format!("module.{module}."))
            .collect();
        let name = named.name;
        match named.sort {
            Sort::Variable => format!("{modules}var.{name}"),
            Sort::Local => format!("{modules}local.{name}"),
            Sort::Output => format!("{modules}{name}"),
            Sort::Instances(kind) => format!("{modules}{kind}.{name}"),
        }
    }

    fn place_of(&self, named: Named<'_>) -> Option<Span> {
        let declared = &self.scopes[named.scope].declarations;
        match named.sort {
            Sort::Variable => declared.variables.get(named.name).map(|shape| shape.span),
            Sort::Local => declared.locals.get(named.name).map(|local| local.name.span),
            Sort::Output => declared.outputs.get(named.name).map(|shape| shape.span),
            Sort::Instances(kind) => declared
                .components
                .get(&(kind, named.name))
                .map(|shape| shape.span),
        }
    }
}
