//! `moved`: addresses that changed their name.

use std::collections::{BTreeMap, BTreeSet};

use infra_model::address::{Address, ComponentAddress, InstanceKey};
use infra_model::component::Component;
use infra_model::diagnostic::{Diagnostic, Span, near_match};
use infra_model::stack::Moved;
use infra_model::value::Value;

use crate::evaluate::{Place, World, step_name};
use crate::language::component;
use crate::report::Failed;
use crate::shape::Shape;
use crate::syntax::{Expr, ExprKind, Step, StepKind};

/// An address that a `moved` block names.
enum Named {
    Component(ComponentAddress),
    Resource(Address),
}

impl World<'_> {
    /// Returns all moves, checked against the components that there are.
    pub(crate) fn moved(&self, components: &BTreeMap<ComponentAddress, Component>) -> Vec<Moved> {
        let mut moves = Vec::new();
        let mut seen = BTreeSet::new();
        for (at, scope) in self.scopes.iter().enumerate() {
            for block in &scope.declarations.moved {
                if let Ok(moved) = self.one_move(at, block, components) {
                    if !seen.insert(moved.from.clone()) {
                        let diagnostic =
                            Diagnostic::error("Duplicate move", format!("`{}` moves twice", moved.from));
                        self.report.add(diagnostic.at(block.span));
                    }
                    moves.push(moved);
                }
            }
        }
        moves
    }

    fn one_move(
        &self,
        scope: usize,
        block: &Shape<'_>,
        components: &BTreeMap<ComponentAddress, Component>,
    ) -> Result<Moved, Failed> {
        let [from, to] = ["from", "to"].map(|name| match block.attribute(name) {
            Some(attribute) => self
                .named(scope, &attribute.value)
                .map(|named| (named, attribute.value.span)),
            None => Err(self.missing_end(block, name)),
        });
        let ((from, from_span), (to, to_span)) = (from?, to?);
        let problem = match (&from, &to) {
            (Named::Component(from), Named::Component(to)) if from.kind() != to.kind() => Diagnostic::error(
                "Invalid move",
                format!("A {} cannot become a {}", from.kind(), to.kind()),
            )
            .at(to_span),
            (Named::Component(from), Named::Component(to)) => {
                return self.component_move((from, from_span), (to, to_span), components);
            }
            (Named::Resource(from), Named::Resource(to)) if from.resource_type() == to.resource_type() => {
                return Ok(Moved {
                    from: from.to_string(),
                    to: to.to_string(),
                });
            }
            (Named::Resource(_), Named::Resource(_)) => {
                Diagnostic::error("Invalid move", "A resource keeps its type when it moves").at(to_span)
            }
            _ => Diagnostic::error(
                "Invalid move",
                "Either both ends are components or both are resources",
            )
            .at(to_span),
        };
        Err(self.report.fail(problem))
    }

    fn component_move(
        &self,
        (from, from_span): (&ComponentAddress, Span),
        (to, to_span): (&ComponentAddress, Span),
        components: &BTreeMap<ComponentAddress, Component>,
    ) -> Result<Moved, Failed> {
        if let Some(still) = components.get(from) {
            let diagnostic = Diagnostic::error(
                "Invalid move",
                format!("`{from}` is still declared, so it has not moved"),
            );
            return Err(self
                .report
                .fail(diagnostic.at(from_span).related(still.span, "declared here")));
        }
        if !components.contains_key(to)
            && self
                .declared(to)
                .is_none_or(|(scope, name)| !self.is_declared(scope, name))
        {
            let diagnostic =
                Diagnostic::error("Invalid move", format!("There is no `{to}` to move to")).at(to_span);
            let near = near_match(to.as_str(), components.keys().map(ComponentAddress::as_str));
            return Err(self.report.fail(match near {
                Some(near) => diagnostic.hint(format!(
                    "Did you mean `{near}`? If it is gone for good, delete the `moved` block"
                )),
                None => diagnostic.hint("Delete the `moved` block if the component is gone for good"),
            }));
        }
        Ok(Moved {
            from: from.to_string(),
            to: to.to_string(),
        })
    }

    fn is_declared(&self, scope: usize, name: (&'static str, &str)) -> bool {
        self.scopes[scope].declarations.components.contains_key(&name)
    }

    fn missing_end(&self, block: &Shape<'_>, name: &str) -> Failed {
        if block.broken {
            return Failed;
        }
        let diagnostic =
            Diagnostic::error("Missing attribute", format!("`moved` needs `{name}`")).at(block.span);
        self.report
            .fail(diagnostic.hint(format!("Add `{name} = postgres.…`")))
    }

    /// Returns the address that an expression writes; it need not exist.
    fn named(&self, scope: usize, expression: &Expr) -> Result<Named, Failed> {
        let named = match &expression.kind {
            ExprKind::Literal(Value::String(text)) => text.parse().ok().map(Named::Resource),
            ExprKind::Traversal(start, steps) => match &start.kind {
                ExprKind::Variable(kind) => self.component_named(scope, kind, steps).map(Named::Component),
                _ => None,
            },
            _ => None,
        };
        named.ok_or_else(|| {
            let detail = "Expected a component such as `postgres.main`, or the address of a resource as text";
            self.report
                .fail(Diagnostic::error("Invalid address", detail).at(expression.span))
        })
    }

    /// Returns the component that a reference names, through modules too.
    fn component_named(&self, scope: usize, root: &str, steps: &[Step]) -> Option<ComponentAddress> {
        let (mut root, mut steps) = (root, steps);
        let mut modules: Vec<&str> = self.scopes[scope].path.clone();
        while root == "module" {
            let [name, inner, rest @ ..] = steps else {
                return None;
            };
            modules.push(step_name(name)?);
            (root, steps) = (step_name(inner)?, rest);
        }
        let (label, key) = match steps {
            [label] => (step_name(label)?, None),
            [label, key] => (step_name(label)?, Some(self.instance_named(key)?)),
            _ => return None,
        };
        let kind = component::kind(root)?.kind;
        let mut component = ComponentAddress::new(kind, label).ok()?;
        if let Some(key) = key {
            component = component.instance(&key);
        }
        Some(
            modules
                .iter()
                .rev()
                .fold(component, |component, module| component.inside_module(module)),
        )
    }

    fn instance_named(&self, step: &Step) -> Option<InstanceKey> {
        let StepKind::Index(index) = &step.kind else {
            return None;
        };
        match self.value(index, &Place::CONSTANT).ok()? {
            Value::String(key) => Some(InstanceKey::Key(key)),
            number => Some(InstanceKey::Index(u64::try_from(number.as_int()?).ok()?)),
        }
    }
}
