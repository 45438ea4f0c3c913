//! How many components a declaration makes: `for_each` and `count`.

use std::collections::BTreeSet;

use infra_model::diagnostic::{Diagnostic, Span};
use infra_model::value::{Attributes, Value};

use super::{Place, World, secret, unknown};
use crate::INSTANCES_MAX;
use crate::report::Failed;
use crate::shape::Shape;
use crate::syntax::Expr;

/// The instances of a component that has several.
#[derive(Debug)]
pub(crate) enum Instances {
    /// That many, by number.
    Count(u64),
    /// One per entry, by key.
    Keys(Attributes),
}

impl Instances {
    /// Returns how many there are.
    pub(crate) fn len(&self) -> usize {
        match self {
            Instances::Count(count) => usize::try_from(*count).unwrap_or(usize::MAX),
            Instances::Keys(entries) => entries.len(),
        }
    }
}

/// The longest key of an instance, in bytes: it becomes part of names.
const KEY_LENGTH_MAX: usize = 200;

impl World<'_> {
    /// Returns the instances of a component with `for_each` or `count`.
    pub(super) fn instances(&self, component: &Shape<'_>, scope: usize) -> Result<Instances, Failed> {
        let place = Place::scope(scope);
        match (component.attribute("for_each"), component.attribute("count")) {
            (Some(for_each), None) => self.keys(&for_each.value, &place),
            (None, Some(count)) => self.count(&count.value, &place),
            (Some(for_each), Some(count)) => Err(self.report.fail(
                Diagnostic::error(
                    "Conflicting attributes",
                    "A component has either `for_each` or `count`",
                )
                .at(count.name.span)
                .related(for_each.name.span, "the other one"),
            )),
            (None, None) => Err(Failed),
        }
    }

    fn count(&self, expression: &Expr, place: &Place<'_>) -> Result<Instances, Failed> {
        let value = self.evaluate(expression, place)?;
        let bounds = 0..=u64::from(INSTANCES_MAX);
        let count = value.as_int().and_then(|count| u64::try_from(count).ok());
        if let Some(count) = count.filter(|count| bounds.contains(count)) {
            return Ok(Instances::Count(count));
        }
        let problem = match &*value {
            Value::Deferred(_) => unknown("`count`"),
            Value::Secret(_) | Value::Sealed(_) => secret("`count`"),
            other => Diagnostic::error(
                "Invalid value",
                format!(
                    "Expected a whole number from 0 to {INSTANCES_MAX}, found {}",
                    shown(other)
                ),
            ),
        };
        Err(self.report.fail(problem.at(expression.span)))
    }

    fn keys(&self, expression: &Expr, place: &Place<'_>) -> Result<Instances, Failed> {
        let value = self.value(expression, place)?;
        let entries = match value {
            Value::Map(entries) => entries,
            Value::List(values) => self.keys_of_list(values, expression.span)?,
            other => {
                let problem = match &other {
                    Value::Deferred(_) => unknown("`for_each`"),
                    Value::Secret(_) | Value::Sealed(_) => secret("`for_each`"),
                    other => Diagnostic::error(
                        "Invalid value",
                        format!(
                            "`for_each` takes a map or a list of texts, found {}",
                            shown(other)
                        ),
                    ),
                };
                return Err(self.report.fail(problem.at(expression.span)));
            }
        };
        let fault =
            |key: &&String| key.is_empty() || key.len() > KEY_LENGTH_MAX || key.contains(char::is_control);
        if let Some(key) = entries.keys().find(fault) {
            let detail = format!(
                "The key `{}` is empty, longer than {KEY_LENGTH_MAX} bytes, or holds control characters",
                key.escape_debug()
            );
            return Err(self
                .report
                .fail(Diagnostic::error("Invalid key", detail).at(expression.span)));
        }
        if entries.len() > INSTANCES_MAX as usize {
            let detail = format!(
                "`for_each` makes at most {INSTANCES_MAX} components, this has {} entries",
                entries.len()
            );
            return Err(self
                .report
                .fail(Diagnostic::error("Invalid value", detail).at(expression.span)));
        }
        Ok(Instances::Keys(entries))
    }

    fn keys_of_list(&self, values: Vec<Value>, span: Span) -> Result<Attributes, Failed> {
        let mut keys = BTreeSet::new();
        if let Some(problem) = values.iter().find_map(|value| key_fault(value, &mut keys)) {
            return Err(self.report.fail(problem.at(span)));
        }
        let entry = |value: Value| Some((value.as_str()?.to_owned(), value));
        Ok(values.into_iter().filter_map(entry).collect())
    }
}

/// Returns what is wrong with an element of a list that names components, given the keys before it.
fn key_fault<'v>(value: &'v Value, keys: &mut BTreeSet<&'v str>) -> Option<Diagnostic> {
    Some(match value {
        Value::String(key) if keys.insert(key) => return None,
        Value::String(key) => Diagnostic::error("Duplicate key", format!("`{key}` stands twice in the list"))
            .hint("Write `distinct(…)` around it, or use a map"),
        Value::Secret(_) | Value::Sealed(_) => secret("A key of `for_each`"),
        Value::Deferred(_) => unknown("A key of `for_each`"),
        other => Diagnostic::error(
            "Invalid key",
            format!(
                "Each element of the list names a component and so is a text, found {}",
                shown(other)
            ),
        ),
    })
}

/// Shows a plain value for people: small ones whole, others by their type. Secrets are never shown.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if text.len() <= 40 => format!("\"{}\"", text.escape_debug()),
        Value::Number(_) | Value::Bool(_) => format!("{value:?}"),
        other => format!("a {}", other.type_name()),
    }
}
