//! Elements of values: `.name`, `[key]`, `[*]`.

use std::borrow::Cow;

use infra_model::diagnostic::{Diagnostic, Span};
use infra_model::expression::Expression;
use infra_model::operation::{Operation, Operator};
use infra_model::value::Value;

use super::loops::no_collection;
use super::{Evaluated, Place, World};
use crate::report::{Failed, suggestion, with_hint};
use crate::syntax::{Step, StepKind};

impl World<'_> {
    /// Returns what the steps find in a value. What is borrowed stays so: an element is found without a copy of
    /// the collection around it.
    pub(super) fn access<'v>(
        &'v self,
        mut value: Cow<'v, Value>,
        steps: &'v [Step],
        place: &Place<'v>,
    ) -> Evaluated<'v> {
        for (at, step) in steps.iter().enumerate() {
            value = match &step.kind {
                StepKind::Attribute(name) => self.member(value, &Value::string(&**name), step.span)?,
                StepKind::Index(index) => {
                    let key = self.evaluate(index, place)?;
                    self.member(value, &key, index.span)?
                }
                StepKind::Splat => return self.splat(&value, &steps[at + 1..], step.span, place),
                StepKind::AttributeSplat => {
                    let rest = &steps[at + 1..];
                    let is_name = |step: &&Step| matches!(step.kind, StepKind::Attribute(_));
                    let names = rest.iter().take_while(is_name).count();
                    let elements = self.splat(&value, &rest[..names], step.span, place)?;
                    return self.access(elements, &rest[names..], place);
                }
            };
        }
        Ok(value)
    }

    fn splat<'v>(&'v self, value: &Value, steps: &'v [Step], span: Span, place: &Place<'v>) -> Evaluated<'v> {
        let elements = match value {
            Value::Null => return Ok(Cow::Owned(Value::List(Vec::new()))),
            Value::List(values) => values.as_slice(),
            Value::Bool(_) | Value::Number(_) | Value::String(_) => std::slice::from_ref(value),
            Value::Map(_) => {
                let diagnostic = Diagnostic::error(
                    "Invalid collection",
                    "Only a list has elements for `[*]`, not a map",
                );
                return Err(self
                    .report
                    .fail(diagnostic.at(span).hint("Write `values(…)[*]`, or a `for`")));
            }
            other => return Err(self.report.fail(no_collection(other).at(span))),
        };
        let mut found = Vec::with_capacity(elements.len());
        for element in elements {
            self.step(span, super::measure(element).weight)?;
            found.push(
                self.access(Cow::Owned(element.clone()), steps, place)?
                    .into_owned(),
            );
        }
        Ok(Cow::Owned(Value::List(found)))
    }

    fn member<'v>(&self, value: Cow<'v, Value>, key: &Value, span: Span) -> Evaluated<'v> {
        match (value, key) {
            (Cow::Borrowed(Value::Map(entries)), Value::String(key)) if entries.contains_key(key) => {
                entries.get(key).map(Cow::Borrowed).ok_or(Failed)
            }
            (Cow::Owned(Value::Map(mut entries)), Value::String(key)) if entries.contains_key(key) => {
                entries.remove(key).map(Cow::Owned).ok_or(Failed)
            }
            (Cow::Borrowed(Value::List(values)), key) if position(key, values.len()).is_some() => {
                let at = position(key, values.len()).ok_or(Failed)?;
                Ok(Cow::Borrowed(&values[at]))
            }
            (value, key) => self.other_member(&value, key, span).map(Cow::Owned),
        }
    }

    /// Returns a member that is not simply there: of a value known later, of an owned list, or an error.
    fn other_member(&self, value: &Value, key: &Value, span: Span) -> Result<Value, Failed> {
        match (value, key) {
            (Value::Deferred(expression), Value::String(name)) => {
                if let Expression::Reference(reference) = &**expression
                    && let Some(further) = self.further_export(reference, name, span)
                {
                    return further;
                }
            }
            (Value::Map(entries), Value::String(key)) => {
                let diagnostic =
                    Diagnostic::error("Unknown key", format!("There is no key `{key}`")).at(span);
                let hint = suggestion(key, "There are", entries.keys().map(String::as_str));
                return Err(self.report.fail(with_hint(diagnostic, hint)));
            }
            (Value::Number(_), _) => {
                let diagnostic = Diagnostic::error("Invalid element", "A number has no elements").at(span);
                return Err(self
                    .report
                    .fail(diagnostic.hint("Texts, such as addresses, stand in double quotes")));
            }
            _ => {}
        }
        Operation::Operator(Operator::Index)
            .fold(vec![value.clone(), key.clone()])
            .map_err(|error| {
                self.report
                    .fail(Diagnostic::error("Invalid element", error.message).at(span))
            })
    }
}

/// Returns which element of a list a key names.
fn position(key: &Value, count: usize) -> Option<usize> {
    let at = usize::try_from(key.as_int()?).ok()?;
    (at < count).then_some(at)
}
