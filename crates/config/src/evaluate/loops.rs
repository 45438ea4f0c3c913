//! `for` expressions, and the loop that templates share with them.

use std::collections::BTreeMap;

use infra_model::diagnostic::Diagnostic;
use infra_model::value::Value;

use super::{Frame, Place, World, secret, unknown, whole};
use crate::report::Failed;
use crate::syntax::{Bindings, Expr, For};

impl World<'_> {
    pub(super) fn for_expression<'v>(&'v self, found: &'v For, place: &Place<'v>) -> Result<Value, Failed> {
        let mut made = Made::default();
        self.each_entry(&found.bindings, &found.collection, place, &mut |place| {
            self.entry(found, place, &mut made)
        })?;
        Ok(match found.key {
            Some(_) => Value::Map(made.entries.into()),
            None => Value::List(made.values),
        })
    }

    /// Calls `body` once for each element, with the loop's names bound. Every element is looked at, so that each
    /// mistake is found.
    pub(super) fn each_entry<'v>(
        &'v self,
        bindings: &'v Bindings,
        collection: &'v Expr,
        place: &Place<'v>,
        body: &mut dyn FnMut(&Place<'_>) -> Result<(), Failed>,
    ) -> Result<(), Failed> {
        let found = self.evaluate(collection, place)?;
        let mut result = Ok(());
        let mut visit = |key: &Value, value: &Value| {
            let frame = Frame {
                outer: place.frame,
                key: bindings.key.as_ref().map(|name| (&*name.text, key)),
                value: (&bindings.value.text, value),
            };
            let inner = Place {
                frame: Some(&frame),
                ..*place
            };
            result = result.and(body(&inner));
        };
        match &*found {
            Value::List(values) => {
                for (at, value) in values.iter().enumerate() {
                    visit(&whole(at as u64), value);
                }
            }
            Value::Map(entries) => {
                for (key, value) in entries {
                    visit(&Value::string(key.as_str()), value);
                }
            }
            other => return Err(self.report.fail(no_collection(other).at(collection.span))),
        }
        result
    }

    fn entry(&self, found: &For, place: &Place<'_>, made: &mut Made) -> Result<(), Failed> {
        if let Some(condition) = &found.condition
            && !self.condition(condition, place)?
        {
            return Ok(());
        }
        let value = self.value(&found.value, place);
        let Some(key) = &found.key else {
            made.values.push(value?);
            return Ok(());
        };
        let name = self.key(key, place)?;
        let value = value?;
        if found.groups {
            match made
                .entries
                .entry(name)
                .or_insert_with(|| Value::List(Vec::new()))
            {
                Value::List(group) => group.push(value),
                other => *other = Value::List(vec![value]),
            }
            return Ok(());
        }
        if made.entries.insert(name, value).is_some() {
            let diagnostic =
                Diagnostic::error("Duplicate key", "Two elements give the same key").at(key.span);
            return Err(self
                .report
                .fail(diagnostic.hint("Write `...` after the value to gather them in lists")));
        }
        Ok(())
    }

    /// Returns whether a condition holds. It decides how many things exist, so it is known.
    fn condition(&self, condition: &Expr, place: &Place<'_>) -> Result<bool, Failed> {
        let value = self.evaluate(condition, place)?;
        let problem = match &*value {
            Value::Bool(holds) => return Ok(*holds),
            Value::Deferred(_) => unknown("The condition of a `for`"),
            other => Diagnostic::error(
                "Invalid condition",
                format!("Expected true or false, found {}", other.type_name()),
            ),
        };
        Err(self.report.fail(problem.at(condition.span)))
    }
}

/// What a `for` made so far.
#[derive(Default)]
struct Made {
    values: Vec<Value>,
    entries: BTreeMap<String, Value>,
}

/// Returns the error for a value that has no elements to loop over.
pub(super) fn no_collection(value: &Value) -> Diagnostic {
    match value {
        Value::Secret(_) | Value::Sealed(_) => secret("What a loop goes over"),
        Value::Deferred(_) => unknown("What a loop goes over"),
        other => Diagnostic::error(
            "Invalid collection",
            format!("Expected a list or a map, found {}", other.type_name()),
        ),
    }
}
