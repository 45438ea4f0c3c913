//! References in recorded inputs, found again.
//!
//! A record holds what its references came to. Wanting that again would hand a server made anew the identity of a
//! network that is gone, and a URL the password of before its rotation. So what was a reference becomes one again: where
//! the stack still refers to something and that came to the recorded value, and where a sealed secret is the output of
//! something that the resource needed. A plain text is taken for a reference where the object is made anew: there a
//! coincidence costs nothing, while of an object that exists it could force a replacement. Of that one, a text is taken
//! for a reference where it would name nothing, or what does not outlive the plan: what a provider gave to an object
//! that is gone, and any name of an object that the plan makes anew. Where that is a guess with consequences, there is
//! none: see [`Relinking::unclear`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use infra_model::address::Address;
use infra_model::expression::{Expression, Reference, each_reference, resolve};
use infra_model::record::Record;
use infra_model::resource::ResourceGraph;
use infra_model::schema::{OnChange, SchemaSet};
use infra_model::value::{Attributes, Value};

use crate::rollback::doubt::LastKnown;
use crate::rollback::times::Times;

/// What tells which recorded values were references.
#[derive(Clone, Copy, Debug)]
pub(super) struct Relinking<'a> {
    pub(super) times: &'a Times,
    /// What the stack wants now.
    pub(super) stack: &'a ResourceGraph,
    pub(super) schemas: &'a SchemaSet,
    /// What is recorded now and the plan makes anew all the same, by the names of then.
    pub(super) anew: &'a BTreeSet<Address>,
    pub(super) last_known: &'a LastKnown,
}

/// The outputs of what a record needs, by value.
pub(super) type Outputs<'a> = BTreeMap<&'a Value, Vec<(&'a Address, &'a str)>>;

/// Inputs that may be a name of something that is made anew, or the same text by chance.
#[derive(Debug)]
pub(super) struct Unclear<'a> {
    /// What is made anew.
    pub(super) need: &'a Address,
    /// The inputs.
    pub(super) inputs: Vec<&'a str>,
}

impl<'a> Relinking<'a> {
    /// Returns the recorded inputs with references where they were.
    pub(super) fn inputs(&self, record: &'a Record) -> Attributes {
        let outputs = outputs(record, |need| Some((need, self.times.past.get(need)?)));
        let unclear = self.unclear(record);
        let admits = |need: &Address, output: &str| {
            let is_guess = unclear.iter().any(|one| one.need == need);
            self.is_made(record) || self.is_gone(need, output) || self.anew.contains(need) && !is_guess
        };
        let inputs = record.inputs.iter().filter_map(|(name, value)| {
            let again = match value.is_null() {
                true => self.settled(record, name).0,
                false => self
                    .declared(record, name, value)
                    .or_else(|| Some(relinked(value.clone(), &outputs, &admits))),
            };
            Some((name.clone(), again?))
        });
        inputs.collect()
    }

    /// Returns the inputs recorded now of what stays as it is: with the secret of what it needs, whichever that has.
    pub(super) fn inputs_now(&self, record: &'a Record, needs: &BTreeSet<Address>) -> Attributes {
        let outputs = outputs(record, |need| {
            Some((self.times.name_then(need), self.times.now.get(need)?))
        });
        let inputs = record.inputs.iter().filter_map(|(name, value)| {
            let value = match value.is_null() {
                true => self.settled_now(record, name, needs).0?,
                false => value.clone(),
            };
            Some((name.clone(), relinked(value, &outputs, &|_, _| false)))
        });
        inputs.collect()
    }

    /// Returns what cannot be told of an object that exists and stands on what is made anew.
    ///
    /// A name that the stack gave its object is a text like others: an owner and a database may be called the same. Where
    /// only some of the inputs with that text would replace the object, a wrong guess destroys it, or leaves it standing on
    /// nothing.
    pub(super) fn unclear(&self, record: &'a Record) -> Vec<Unclear<'a>> {
        if self.is_made(record) {
            return Vec::new();
        }
        let needs = record
            .dependencies
            .iter()
            .filter(|need| self.anew.contains(*need));
        let unclear = needs.filter_map(|need| {
            let then = self.times.past.get(need)?;
            let is_set = |value: &Value| then.inputs.values().any(|input| input == value);
            let names: Vec<&Value> = then.outputs.values().filter(|value| is_set(value)).collect();
            let inputs = record.inputs.iter().filter(|(name, value)| {
                value.any(&|part| matches!(part, Value::String(_)) && names.contains(&part))
                    && self.declared(record, name, value).is_none()
            });
            let inputs: Vec<&str> = inputs.map(|(name, _)| name.as_str()).collect();
            let replacing = inputs.iter().filter(|name| self.replaces(record, name)).count();
            (replacing > 0 && replacing < inputs.len()).then_some(Unclear { need, inputs })
        });
        unclear.collect()
    }

    fn replaces(&self, record: &Record, input: &str) -> bool {
        let schema = self.schemas.get(record.key.address.resource_type_str());
        let attribute = schema.and_then(|schema| schema.attributes.get(input));
        attribute.is_some_and(|attribute| attribute.on_change == OnChange::Replace)
    }

    /// Tells whether there will be another object than the recorded one.
    fn is_made(&self, record: &Record) -> bool {
        let address = &record.key.address;
        self.times.now_of(address).is_none() || self.anew.contains(address)
    }

    /// Returns what the stack has for an input, with the names of then, if it came to this value then.
    fn declared(&self, record: &Record, input: &str, recorded: &Value) -> Option<Value> {
        let name = self.times.name_now(&record.key.address);
        let expression = self.stack.resources.get(name)?.inputs.get(input)?;
        let renamed = self.renamed(expression, &record.dependencies)?;
        let lookup = |reference: &Reference| match reference {
            Reference::Output { address, output, .. } => {
                self.times.past.get(address)?.outputs.get(output).cloned()
            }
            Reference::Export { .. } => None,
        };
        let came_to = resolve(renamed.clone(), &lookup).ok()?;
        (came_to == *recorded).then_some(renamed)
    }

    /// Returns an expression of the stack with the names of then, if it refers to nothing but what the resource needed: what
    /// it needs beyond that might have needed it.
    pub(super) fn renamed(&self, expression: &Value, needs: &BTreeSet<Address>) -> Option<Value> {
        let renamed = resolve(expression.clone(), &|reference| Some(self.of_then(reference))).ok()?;
        let mut fits = true;
        each_reference(&renamed, &mut |reference| {
            fits &= match reference {
                Reference::Output { address, .. } => needs.contains(address),
                Reference::Export { .. } => false,
            };
        });
        fits.then_some(renamed)
    }

    /// Returns the reference under the name that its resource had then.
    fn of_then(&self, reference: &Reference) -> Value {
        let mut reference = reference.clone();
        if let Reference::Output { address, .. } = &mut reference {
            *address = self.times.name_then(address).clone();
        }
        Value::deferred(Expression::Reference(reference))
    }

    /// Tells whether an output was given by the provider, not set by us, and is not so any more.
    fn is_gone(&self, need: &Address, output: &str) -> bool {
        let Some(then) = self.times.past.get(need) else {
            return false;
        };
        let given = then.outputs.get(output);
        let now = self.times.now_of(need).and_then(|now| now.outputs.get(output));
        now != given && !then.inputs.values().any(|input| Some(input) == given)
    }
}

/// Returns the outputs of all that a record needs, found by what it is called there.
pub(super) fn outputs<'a>(
    record: &'a Record,
    find: impl Fn(&'a Address) -> Option<(&'a Address, &'a Arc<Record>)>,
) -> Outputs<'a> {
    let mut outputs = Outputs::new();
    for (need, found) in record.dependencies.iter().filter_map(find) {
        for (output, value) in found.outputs.iter() {
            outputs.entry(value).or_default().push((need, output.as_str()));
        }
    }
    outputs
}

/// Returns a recorded value with outputs of what the resource needed replaced by references to them: sealed ones, and of
/// plain texts those that are admitted.
pub(super) fn relinked(
    value: Value,
    outputs: &Outputs<'_>,
    admits: &impl Fn(&Address, &str) -> bool,
) -> Value {
    let all = |values: Vec<Value>| -> Vec<Value> {
        let values = values.into_iter();
        values.map(|value| relinked(value, outputs, admits)).collect()
    };
    match value {
        Value::Sealed(_) => reference(&value, outputs, |_, _| true).unwrap_or(value),
        Value::String(_) => reference(&value, outputs, admits).unwrap_or(value),
        Value::List(values) => Value::List(all(values)),
        Value::Map(entries) => {
            let entries = entries.into_iter();
            Value::Map(
                entries
                    .map(|(key, value)| (key, relinked(value, outputs, admits)))
                    .collect(),
            )
        }
        Value::Deferred(expression) => match *expression {
            Expression::Apply { operation, arguments } => Value::deferred(Expression::Apply {
                operation,
                arguments: all(arguments),
            }),
            reference @ Expression::Reference(_) => Value::deferred(reference),
        },
        other => other,
    }
}

/// Returns a reference to the first output with this value that is admitted.
fn reference(value: &Value, outputs: &Outputs<'_>, admits: impl Fn(&Address, &str) -> bool) -> Option<Value> {
    let mut found = outputs.get(value)?.iter();
    let (address, output) = found.find(|(need, output)| admits(need, output))?;
    Some(Value::deferred(Expression::Reference(Reference::Output {
        address: (*address).clone(),
        output: (*output).to_owned(),
        secret: value.is_secret(),
    })))
}
