//! Inputs of which nobody knows what was set, because the answer to an update got lost.
//!
//! A record has null for them. Wanting nothing would take away, at the one moment when somebody wants things to be as they
//! were, a password that most likely is set. So the best source of what it may be is used, and told.

use std::collections::{BTreeMap, BTreeSet};

use infra_model::address::Address;
use infra_model::journal::HistoryEntry;
use infra_model::record::Record;
use infra_model::value::Value;

use crate::past::Past;
use crate::rollback::relink::{Relinking, outputs, relinked};
use crate::rollback::times::{Identity, Records, Times, identity};

/// What the history knows of inputs in doubt.
#[derive(Debug)]
pub(super) struct LastKnown {
    /// Of those that were in doubt then, what they were before.
    then: Known,
    /// Of those that are in doubt now, what they were at any time.
    now: Known,
}

/// Values by object and input; null where it was known that nothing was set.
type Known = BTreeMap<Identity, BTreeMap<String, Value>>;

/// Where the value of an input in doubt comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The stack sets it.
    Stack,
    /// It is recorded now.
    Now,
    /// It was recorded before.
    Before,
    /// Nothing tells; it is not set.
    Nothing,
}

impl LastKnown {
    /// Reads the history, if anything is in doubt.
    pub(super) fn new(past: &Past, times: &Times) -> Self {
        LastKnown {
            then: known(&times.past, past.until.iter()),
            now: known(&times.now, past.until.iter().chain(&past.since)),
        }
    }
}

fn known<'e>(records: &Records, entries: impl Iterator<Item = &'e HistoryEntry>) -> Known {
    let doubted: BTreeMap<Identity, BTreeSet<&str>> = records
        .values()
        .map(|record| (identity(record), in_doubt(record).collect::<BTreeSet<_>>()))
        .filter(|(_, inputs)| !inputs.is_empty())
        .collect();
    let mut known = Known::new();
    if doubted.is_empty() {
        return known;
    }
    let written = entries.flat_map(|entry| &entry.changes);
    for record in written.filter_map(|change| change.after.as_deref()) {
        let object = identity(record);
        let inputs = doubted.get(&object).into_iter().flatten();
        for input in inputs.filter(|input| !record.is_in_doubt(input)) {
            let value = record.inputs.get(*input).cloned().unwrap_or_default();
            let values = known.entry(object.clone()).or_default();
            values.insert((*input).to_owned(), value);
        }
    }
    known
}

/// Returns the inputs of which nobody knows what was set.
pub(super) fn in_doubt(record: &Record) -> impl Iterator<Item = &str> {
    let inputs = record.inputs.iter().filter(|(_, value)| value.is_null());
    inputs.map(|(name, _)| name.as_str())
}

impl<'a> Relinking<'a> {
    /// Returns what is wanted of an input that was in doubt then, none where it is not set.
    pub(super) fn settled(&self, record: &'a Record, input: &str) -> (Option<Value>, Source) {
        if let Some(expression) = self.wanted_now(record, input, &record.dependencies) {
            return (Some(expression), Source::Stack);
        }
        let now = self.times.now_of(&record.key.address);
        if let Some(now) = now.filter(|now| !now.is_in_doubt(input)) {
            let outputs = outputs(now, |need| {
                let then = self.times.name_then(need);
                let is_needed = record.dependencies.contains(then) && self.times.past.contains_key(then);
                Some((then, self.times.now.get(need).filter(|_| is_needed)?))
            });
            let value = now.inputs.get(input).cloned();
            return (
                value.map(|value| relinked(value, &outputs, &|_, _| false)),
                Source::Now,
            );
        }
        let outputs = outputs(record, |need| Some((need, self.times.past.get(need)?)));
        before(&self.last_known.then, record, input, |value| {
            relinked(value, &outputs, &|_, _| false)
        })
    }

    /// Returns the same of an input that is in doubt now of an object that stays as it is; what it needs has the names of
    /// then.
    pub(super) fn settled_now(
        &self,
        record: &Record,
        input: &str,
        needs: &BTreeSet<Address>,
    ) -> (Option<Value>, Source) {
        match self.wanted_now(record, input, needs) {
            Some(expression) => (Some(expression), Source::Stack),
            None => before(&self.last_known.now, record, input, |value| value),
        }
    }

    /// Returns what the stack sets an input to, if that refers to nothing but these.
    fn wanted_now(&self, record: &Record, input: &str, needs: &BTreeSet<Address>) -> Option<Value> {
        let name = self.times.name_now(&record.key.address);
        let expression = self.stack.resources.get(name)?.inputs.get(input)?;
        self.renamed(expression, needs).filter(|value| !value.is_null())
    }
}

fn before(
    known: &Known,
    record: &Record,
    input: &str,
    linked: impl Fn(Value) -> Value,
) -> (Option<Value>, Source) {
    let found = known.get(&identity(record)).and_then(|values| values.get(input));
    match found {
        Some(value) if value.is_null() => (None, Source::Before),
        Some(value) => (Some(linked(value.clone())), Source::Before),
        None => (None, Source::Nothing),
    }
}
