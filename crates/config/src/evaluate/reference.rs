//! References: what a name and the steps after it mean.
//!
//! Names that nothing declares were reported when names were checked, so here they fail without a word.

use std::borrow::Cow;
use std::collections::BTreeMap;

use infra_model::address::{ComponentAddress, InstanceKey};
use infra_model::diagnostic::{Diagnostic, Span};
use infra_model::expression::{Expression, Reference};
use infra_model::value::Value;

use super::instances::Instances;
use super::{Evaluated, Frame, Instance, Place, World, secret, unknown, whole};
use crate::declarations::ComponentName;
use crate::exports::exported;
use crate::language::component;
use crate::names::not_exported;
use crate::report::{Failed, suggestion, with_hint};
use crate::scope::{Scope, Slot};
use crate::syntax::{Expr, ExprKind, Step, StepKind};

impl World<'_> {
    pub(super) fn traversal<'v>(
        &'v self,
        span: Span,
        start: &'v Expr,
        steps: &'v [Step],
        place: &Place<'v>,
    ) -> Evaluated<'v> {
        if let ExprKind::Variable(root) = &start.kind {
            return self.reference(root, steps, span, place);
        }
        let value = self.evaluate(start, place)?;
        self.access(value, steps, place)
    }

    pub(super) fn reference<'v>(
        &'v self,
        root: &'v str,
        steps: &'v [Step],
        span: Span,
        place: &Place<'v>,
    ) -> Evaluated<'v> {
        if let Some(bound) = place.frame.and_then(|frame| frame.get(root)) {
            return self.access(Cow::Borrowed(bound), steps, place);
        }
        let (first, rest) = steps.split_first().ok_or(Failed)?;
        let name = step_name(first).ok_or(Failed)?;
        let value = match (root, name, place.instance) {
            ("environment", "name", _) => Cow::Owned(Value::string(self.environment)),
            ("stack", "name", _) => Cow::Owned(Value::string(self.stack.as_str())),
            ("each", "key", Some(Instance::Each { key, .. })) => Cow::Owned(Value::string(key)),
            ("each", "value", Some(Instance::Each { value, .. })) => Cow::Borrowed(value),
            ("count", "index", Some(Instance::Index(index))) => Cow::Owned(whole(index)),
            ("var", name, _) => Cow::Borrowed(known(&self.scope(place)?.variables, name)?),
            ("local", name, _) => Cow::Borrowed(known(&self.scope(place)?.locals, name)?),
            ("module", name, _) => return self.module(name, rest, place),
            (kind, label, _) => return self.component(kind, label, rest, span, place),
        };
        self.access(value, rest, place)
    }

    fn scope<'v>(&'v self, place: &Place<'_>) -> Result<&'v Scope<'v>, Failed> {
        place.scope.map(|scope| &self.scopes[scope]).ok_or(Failed)
    }

    fn module<'v>(&'v self, name: &str, steps: &'v [Step], place: &Place<'v>) -> Evaluated<'v> {
        let child = self.scope(place)?.children.get(name).ok_or(Failed)?;
        let outputs = &self.scopes[*child].outputs;
        match steps.split_first() {
            Some((first, rest)) => {
                let output = known(outputs, step_name(first).ok_or(Failed)?)?;
                self.access(Cow::Borrowed(output), rest, place)
            }
            None => {
                let all = outputs
                    .keys()
                    .map(|name| Ok(((*name).to_owned(), known(outputs, name)?.clone())));
                Ok(Cow::Owned(Value::Map(all.collect::<Result<_, Failed>>()?)))
            }
        }
    }

    fn component<'v>(
        &'v self,
        kind: &str,
        label: &'v str,
        steps: &'v [Step],
        span: Span,
        place: &Place<'v>,
    ) -> Evaluated<'v> {
        let scope = self.scope(place)?;
        let kind = component::kind(kind).ok_or(Failed)?.kind;
        let name = (kind, label);
        scope.declarations.components.get(&name).ok_or(Failed)?;
        let Some(slot) = scope.instances.get(&name) else {
            let address = scope.address(name)?;
            return self.exports(address, steps, span, place);
        };
        let instances = found(slot)?;
        match steps.split_first() {
            Some((first, rest)) if !matches!(first.kind, StepKind::Splat | StepKind::AttributeSplat) => {
                let key = self.instance_key(first, instances, place)?;
                self.exports(scope.address(name)?.instance(&key), rest, span, place)
            }
            _ => {
                let all = self.all_instances(scope, name, instances)?;
                self.access(Cow::Owned(all), steps, place)
            }
        }
    }

    /// Returns all instances of a component: a list with `count`, a map with `for_each`.
    fn all_instances(
        &self,
        scope: &Scope<'_>,
        name: ComponentName<'_>,
        instances: &Instances,
    ) -> Result<Value, Failed> {
        let component = scope.address(name)?;
        let one = |key: InstanceKey| export(component.instance(&key), Vec::new(), true);
        Ok(match instances {
            Instances::Count(count) => Value::list((0..*count).map(|index| one(InstanceKey::Index(index)))),
            Instances::Keys(entries) => Value::map(
                entries
                    .keys()
                    .map(|key| (key.clone(), one(InstanceKey::Key(key.clone())))),
            ),
        })
    }

    fn instance_key<'v>(
        &'v self,
        step: &'v Step,
        instances: &Instances,
        place: &Place<'v>,
    ) -> Result<InstanceKey, Failed> {
        let StepKind::Index(index) = &step.kind else {
            return Err(Failed); // reported when names were checked
        };
        let key = self.evaluate(index, place)?;
        let problem = match (&*key, instances) {
            (Value::Secret(_) | Value::Sealed(_), _) => secret("The key of a component"),
            (Value::Deferred(_), _) => unknown("The key of a component"),
            (Value::String(text), Instances::Keys(entries)) => {
                if entries.contains_key(text) {
                    return Ok(InstanceKey::Key(text.clone()));
                }
                let diagnostic = Diagnostic::error(
                    "Unknown instance",
                    format!("`for_each` makes no component `{text}`"),
                );
                with_hint(
                    diagnostic,
                    suggestion(text, "It makes", entries.keys().map(String::as_str)),
                )
            }
            (Value::Number(number), Instances::Count(count)) => {
                match number.as_int().and_then(|index| u64::try_from(index).ok()) {
                    Some(index) if index < *count => return Ok(InstanceKey::Index(index)),
                    _ => Diagnostic::error(
                        "Unknown instance",
                        format!("`count` makes {count} components, the first is 0"),
                    ),
                }
            }
            (_, Instances::Keys(_)) => Diagnostic::error(
                "Unknown instance",
                "With `for_each`, components are told apart by text",
            ),
            (_, Instances::Count(_)) => Diagnostic::error(
                "Unknown instance",
                "With `count`, components are told apart by number",
            ),
        };
        Err(self.report.fail(problem.at(index.span)))
    }

    /// Returns the export that the steps name, and what further steps find in it.
    fn exports<'v>(
        &'v self,
        component: ComponentAddress,
        steps: &'v [Step],
        span: Span,
        place: &Place<'v>,
    ) -> Evaluated<'v> {
        let value = export(component, Vec::new(), true);
        if steps.is_empty() {
            return Ok(Cow::Owned(value));
        }
        self.step(span, steps.len() as u64)?;
        self.access(Cow::Owned(value), steps, place)
    }

    /// Returns the export one name further on, nothing if the reference has ended at a value already.
    pub(super) fn further_export(
        &self,
        reference: &Reference,
        name: &str,
        span: Span,
    ) -> Option<Result<Value, Failed>> {
        let Reference::Export { component, path, .. } = reference else {
            return None;
        };
        let (scope, declared) = self.declared(component)?;
        let shape = self.scopes[scope].declarations.components.get(&declared)?;
        let is_value = exported(shape, path).is_ok_and(|found| found.leaf.is_some());
        if is_value {
            return None;
        }
        let mut path = path.clone();
        path.push(name.to_owned());
        Some(match exported(shape, &path) {
            Ok(found) => Ok(export(component.clone(), path, found.secret)),
            Err(fault) => Err(self.report.fail(not_exported(shape, &path, &fault).at(span))),
        })
    }

    /// Returns where a component is declared.
    pub(crate) fn declared<'c>(&self, component: &'c ComponentAddress) -> Option<(usize, ComponentName<'c>)> {
        let mut scope = 0;
        let mut rest = component.as_str();
        while let Some(inner) = rest.strip_prefix("module.") {
            let (module, after) = inner.split_once('.')?;
            scope = *self.scopes[scope].children.get(module)?;
            rest = after;
        }
        let kind = component::kind(component.kind())?.kind;
        let label = component.label();
        Some((scope, (kind, label.split('[').next().unwrap_or(label))))
    }
}

impl<'p> Frame<'p> {
    fn get(&self, name: &str) -> Option<&'p Value> {
        if self.value.0 == name {
            return Some(self.value.1);
        }
        match self.key {
            Some((key, value)) if key == name => Some(value),
            _ => self.outer?.get(name),
        }
    }
}

/// Returns the name that a step gives, if it does so plainly.
pub(crate) fn step_name(step: &Step) -> Option<&str> {
    match &step.kind {
        StepKind::Attribute(name) => Some(name),
        StepKind::Index(Expr {
            kind: ExprKind::Literal(value),
            ..
        }) => value.as_str(),
        _ => None,
    }
}

/// Returns a value that a component exports.
pub(crate) fn export(component: ComponentAddress, path: Vec<String>, secret: bool) -> Value {
    Value::deferred(Expression::Reference(Reference::Export {
        component,
        path,
        secret,
    }))
}

fn known<'v>(slots: &'v BTreeMap<&str, Slot<Value>>, name: &str) -> Result<&'v Value, Failed> {
    found(slots.get(name).ok_or(Failed)?)
}

/// Returns what was found for a name; nothing was if it needs itself.
pub(super) fn found<T>(slot: &Slot<T>) -> Result<&T, Failed> {
    match slot.get() {
        Some(Ok(value)) => Ok(value),
        _ => Err(Failed),
    }
}
