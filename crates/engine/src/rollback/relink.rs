//! References in recorded inputs, found again.
//!
//! A record holds what its references came to. Wanting that again would hand a server made anew the identity of a
//! network that is gone, and a URL the password of before its rotation. So what was a reference becomes one again: where
//! the stack still refers to something and that came to the recorded value, and where a sealed secret is the output of
//! something that the resource needed. A plain text is taken for a reference where the object is made anew: there a
//! coincidence costs nothing, while of an object that exists it could force a replacement. Of that one, only what a
//! provider gave to an object that is gone is taken for a reference: it would name nothing.

use infra_model::address::Address;
use infra_model::expression::{Expression, Reference, each_reference, resolve};
use infra_model::record::Record;
use infra_model::resource::ResourceGraph;
use infra_model::value::{Attributes, Value};

use crate::rollback::rewind::Times;

/// What tells which recorded values were references.
#[derive(Clone, Copy, Debug)]
pub(super) struct Relinking<'a> {
    pub(super) times: &'a Times,
    /// What the stack wants now.
    pub(super) stack: &'a ResourceGraph,
}

impl Relinking<'_> {
    /// Returns the recorded inputs with references where they were.
    pub(super) fn inputs(&self, record: &Record) -> Attributes {
        let address = &record.key.address;
        let name = self.times.renamed.get(address).unwrap_or(address);
        let declared = self.stack.resources.get(name);
        let inputs = record.inputs.iter();
        inputs
            .map(|(name, value)| {
                let expression = declared.and_then(|declared| declared.inputs.get(name));
                let again = expression.and_then(|expression| self.confirmed(expression, value));
                let value = again.unwrap_or_else(|| self.relinked(value.clone(), record));
                (name.clone(), value)
            })
            .collect()
    }

    /// Returns an expression of the stack, with the names of then, if it came to this value then.
    fn confirmed(&self, expression: &Value, recorded: &Value) -> Option<Value> {
        let mut refers = false;
        each_reference(expression, &mut |_| refers = true);
        if !refers {
            return None;
        }
        let renamed = resolve(expression.clone(), &|reference| Some(self.of_then(reference))).ok()?;
        let lookup = |reference: &Reference| match reference {
            Reference::Output { address, output, .. } => {
                self.times.past.get(address)?.outputs.get(output).cloned()
            }
            Reference::Export { .. } => None,
        };
        let came_to = resolve(renamed.clone(), &lookup).ok()?;
        (came_to == *recorded).then_some(renamed)
    }

    /// Returns the reference under the name that its resource had then.
    fn of_then(&self, reference: &Reference) -> Value {
        let mut reference = reference.clone();
        if let Reference::Output { address, .. } = &mut reference {
            let mut renamed = self.times.renamed.iter();
            if let Some((then, _)) = renamed.find(|(_, now)| *now == address) {
                *address = then.clone();
            }
        }
        Value::deferred(Expression::Reference(reference))
    }

    /// Returns a recorded value with outputs of what the resource needed replaced by references to them.
    fn relinked(&self, value: Value, record: &Record) -> Value {
        match value {
            Value::Sealed(_) => self.reference(&value, record, |_, _, _| true).unwrap_or(value),
            Value::String(_) => {
                let is_made = self.times.now_of(&record.key.address).is_none();
                let admits =
                    |need: &Address, then: &Record, output: &str| is_made || self.is_gone(need, then, output);
                self.reference(&value, record, admits).unwrap_or(value)
            }
            Value::List(values) => Value::List(
                values
                    .into_iter()
                    .map(|value| self.relinked(value, record))
                    .collect(),
            ),
            Value::Map(entries) => {
                let entries = entries.into_iter();
                Value::Map(
                    entries
                        .map(|(key, value)| (key, self.relinked(value, record)))
                        .collect(),
                )
            }
            Value::Deferred(expression) => match *expression {
                Expression::Apply { operation, arguments } => Value::deferred(Expression::Apply {
                    operation,
                    arguments: arguments
                        .into_iter()
                        .map(|value| self.relinked(value, record))
                        .collect(),
                }),
                reference @ Expression::Reference(_) => Value::deferred(reference),
            },
            other => other,
        }
    }

    /// Returns a reference to the output of something that a record needs and that had this value then.
    fn reference(
        &self,
        value: &Value,
        record: &Record,
        admits: impl Fn(&Address, &Record, &str) -> bool,
    ) -> Option<Value> {
        let needs = record
            .dependencies
            .iter()
            .filter_map(|need| Some((need, self.times.past.get(need)?)));
        let mut outputs =
            needs.flat_map(|(need, then)| then.outputs.iter().map(move |output| (need, then, output)));
        let (need, _, (output, _)) = outputs
            .find(|(need, then, (output, found))| *found == value && admits(need, then, output.as_str()))?;
        Some(reference_to(need, output, value))
    }

    /// Tells whether an output was given by the provider, not set by us, and is not so any more.
    fn is_gone(&self, need: &Address, then: &Record, output: &str) -> bool {
        let given = then.outputs.get(output);
        let now = self.times.now_of(need).and_then(|now| now.outputs.get(output));
        now != given && !then.inputs.values().any(|input| Some(input) == given)
    }
}

fn reference_to(address: &Address, output: &str, value: &Value) -> Value {
    Value::deferred(Expression::Reference(Reference::Output {
        address: address.clone(),
        output: output.to_owned(),
        secret: value.is_secret(),
    }))
}
