//! Which address of the stack an object is. Pure: nothing is guessed.
//!
//! An object fits an address of its type if nothing says otherwise that would make it another object: attributes that take a new
//! one when they change, but for names that are kept, and what the address refers to. Of several that fit, the one that agrees
//! in most attributes is taken, if it is one and is that address's own best, too; else a person decides.

use std::collections::{BTreeMap, BTreeSet};

use infra_model::address::Address;
use infra_model::expression::{Expression, Reference};
use infra_model::resource::Desired;
use infra_model::schema::SchemaSet;
use infra_model::snapshot::Observed;
use infra_model::value::Value;
use infra_provider::foreign::Counterpart;

use crate::import::taken::{Outputs, resolved, waits};
use comparison::Comparison;

mod comparison;
mod undecided;

/// An object that may be adopted.
#[derive(Debug)]
pub(super) struct Candidate {
    /// Its address in the other state.
    pub(super) from: String,
    pub(super) counterpart: Counterpart,
    /// As it exists, secrets sealed.
    pub(super) observed: Observed,
}

impl Candidate {
    fn resource_type(&self) -> &str {
        self.counterpart.resource_type.as_str()
    }
}

/// Why an object is that of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Because {
    /// Somebody said so.
    Chosen,
    /// It carries the tags of the address.
    Tagged,
    /// No other object fits the address, and no other address the object.
    Only,
    /// These attributes agree, and no other object agrees as much.
    Agrees(Vec<String>),
    /// The object of this address refers to it.
    Referred(Address),
    /// It is what the address says: a rule, a route. Terraform may keep it as a part of another object.
    Content,
}

/// Objects and addresses, on their way to each other.
#[derive(Debug)]
pub(super) struct Matching<'a> {
    schemas: &'a SchemaSet,
    candidates: &'a [Candidate],
    wanted: BTreeMap<&'a Address, &'a Desired>,
    free: BTreeSet<usize>,
    /// What is known of recorded and of matched objects.
    pub(super) outputs: Outputs,
    pub(super) pairs: BTreeMap<Address, (usize, Because)>,
    declared: &'a BTreeMap<Address, Desired>,
}

impl<'a> Matching<'a> {
    /// Begins with what the stack declares, without what is recorded, and with what may be adopted.
    pub(super) fn new(
        schemas: &'a SchemaSet,
        declared: &'a BTreeMap<Address, Desired>,
        candidates: &'a [Candidate],
        recorded: Outputs,
    ) -> Self {
        let wanted = declared
            .iter()
            .filter(|(address, _)| !recorded.contains_key(*address));
        Matching {
            schemas,
            candidates,
            wanted: wanted.collect(),
            free: (0..candidates.len()).collect(),
            outputs: recorded,
            pairs: BTreeMap::new(),
            declared,
        }
    }

    /// Takes an object for that of an address.
    pub(super) fn pair(&mut self, address: &Address, candidate: usize, because: Because) {
        let outputs = self.candidates[candidate].observed.outputs.clone();
        self.outputs.insert(address.clone(), outputs);
        self.wanted.remove(address);
        self.free.remove(&candidate);
        self.pairs.insert(address.clone(), (candidate, because));
    }

    /// Matches until nothing more is certain.
    pub(super) fn run(&mut self) {
        while self.follow() || self.settle(true) || self.settle(false) {}
    }

    /// Returns whether an address waits for its object.
    pub(super) fn is_wanted(&self, address: &Address) -> bool {
        self.wanted.contains_key(address)
    }

    /// Takes note of an object that was found by other means.
    pub(super) fn found(&mut self, address: &Address, observed: &Observed) {
        self.outputs.insert(address.clone(), observed.outputs.clone());
        self.wanted.remove(address);
    }

    /// Returns what waits for its object.
    pub(super) fn waiting(&self) -> Vec<&'a Desired> {
        self.wanted.values().copied().collect()
    }

    /// Returns whether an object waits for its address.
    pub(super) fn is_free(&self, candidate: usize) -> bool {
        self.free.contains(&candidate)
    }

    /// Returns the addresses that no object was found for.
    pub(super) fn absent(&self) -> impl Iterator<Item = &'a Address> {
        self.wanted.keys().copied()
    }

    /// Returns the objects that are no address's.
    pub(super) fn left(&self) -> impl Iterator<Item = &'a Candidate> {
        self.free.iter().map(move |at| &self.candidates[*at])
    }

    /// Returns the addresses that an object fits, and those that it does not, with the attribute that says so.
    pub(super) fn prospects(&self, candidate: &Candidate) -> (Vec<Address>, Vec<(Address, String)>) {
        let (mut fits, mut others) = (Vec::new(), Vec::new());
        for (address, desired) in self.of_type(candidate.resource_type()) {
            match self.disagreement(desired, candidate) {
                None => fits.push(address.clone()),
                Some(attribute) => others.push((address.clone(), attribute)),
            }
        }
        (fits, others)
    }

    /// Takes objects that matched ones refer to: the elastic IP of a gateway, the security group of a database.
    fn follow(&mut self) -> bool {
        let mut found = Vec::new();
        for (address, (candidate, _)) in &self.pairs {
            let Some(desired) = self.declared.get(address) else {
                continue;
            };
            for (name, value) in &desired.inputs {
                let seen = self.candidates[*candidate].observed.attributes.get(name);
                let Some((needed, output, seen)) = seen.and_then(|seen| self.open_reference(value, seen))
                else {
                    continue;
                };
                if let Some(one) = self.the_object(needed, output, seen) {
                    found.push((needed.clone(), one, Because::Referred(address.clone())));
                }
            }
        }
        self.take(found)
    }

    /// Returns the only reference in a value whose object is not known, and what is seen in its place.
    fn open_reference<'b>(
        &self,
        value: &'b Value,
        seen: &'b Value,
    ) -> Option<(&'b Address, &'b str, &'b Value)> {
        let (Value::List(values), Value::List(elements)) = (value, seen) else {
            let (needed, output) = reference(value).filter(|(needed, _)| self.is_wanted(needed))?;
            return (!seen.is_null()).then_some((needed, output, seen));
        };
        let known: Vec<Value> = values
            .iter()
            .filter_map(|value| resolved(value, &self.outputs))
            .collect();
        let mut open = values
            .iter()
            .filter_map(reference)
            .filter(|(needed, _)| self.is_wanted(needed));
        let mut others = elements.iter().filter(|element| !known.contains(element));
        match (open.next(), open.next(), others.next(), others.next()) {
            (Some((needed, output)), None, Some(seen), None) => Some((needed, output, seen)),
            _ => None,
        }
    }

    /// Returns the only free object of the type of an address that has this output.
    fn the_object(&self, needed: &Address, output: &str, value: &Value) -> Option<usize> {
        let is_it = |at: &&usize| {
            let one = &self.candidates[**at];
            let same = one.observed.outputs.get(output) == Some(value);
            same && one.resource_type() == needed.resource_type_str()
        };
        let mut those = self.free.iter().filter(is_it);
        those.next().copied().filter(|_| those.next().is_none())
    }

    /// Takes pairs that are each other's only or best. At first only addresses that refer to nothing that is still open.
    fn settle(&mut self, whole: bool) -> bool {
        let mut found = Vec::new();
        for (address, desired) in &self.wanted {
            if whole && self.is_open(desired) {
                continue;
            }
            let Some((best, because)) = self.best_object(desired) else {
                continue;
            };
            if self.best_address(&self.candidates[best]) == Some(*address) {
                found.push(((*address).clone(), best, because));
                // What is open may be known by the first of them.
                if !whole {
                    break;
                }
            }
        }
        self.take(found)
    }

    fn take(&mut self, found: Vec<(Address, usize, Because)>) -> bool {
        let mut any = false;
        for (address, candidate, because) in found {
            if self.is_wanted(&address) && self.free.contains(&candidate) {
                self.pair(&address, candidate, because);
                any = true;
            }
        }
        any
    }

    fn is_open(&self, desired: &Desired) -> bool {
        desired
            .inputs
            .values()
            .any(|value| resolved(value, &self.outputs).is_none_or(|value| waits(&value)))
    }

    fn best_object(&self, desired: &Desired) -> Option<(usize, Because)> {
        let of_type = desired.address.resource_type_str();
        let objects = self.free.iter().map(|at| (*at, &self.candidates[*at]));
        let fits: Vec<(usize, Vec<String>)> = objects
            .filter(|(_, one)| one.resource_type() == of_type && self.disagreement(desired, one).is_none())
            .map(|(at, one)| (at, self.agreement(desired, one)))
            .collect();
        let best = only_best(fits.iter().map(|(at, agrees)| (*at, agrees.len())))?;
        if fits.len() == 1 {
            return Some((best, Because::Only));
        }
        let agrees = fits
            .iter()
            .find(|(at, _)| *at == best)
            .map(|(_, agrees)| agrees)?;
        let is_telling = |name: &&String| {
            fits.iter()
                .filter(|(at, _)| *at != best)
                .any(|(_, others)| !others.contains(name))
        };
        Some((
            best,
            Because::Agrees(agrees.iter().filter(is_telling).cloned().collect()),
        ))
    }

    fn best_address(&self, candidate: &Candidate) -> Option<&'a Address> {
        let fits = self
            .of_type(candidate.resource_type())
            .filter(|(_, desired)| self.disagreement(desired, candidate).is_none());
        only_best(fits.map(|(address, desired)| (address, self.agreement(desired, candidate).len())))
    }

    fn of_type<'b>(
        &'b self,
        resource_type: &'b str,
    ) -> impl Iterator<Item = (&'a Address, &'a Desired)> + 'b {
        let wanted = self.wanted.iter().map(|(address, desired)| (*address, *desired));
        wanted.filter(move |(address, _)| address.resource_type_str() == resource_type)
    }

    fn disagreement(&self, desired: &Desired, candidate: &Candidate) -> Option<String> {
        let schema = self.schemas.get(desired.address.resource_type_str())?;
        Comparison::of(schema, desired, candidate, &self.outputs).disagreement()
    }

    fn agreement(&self, desired: &Desired, candidate: &Candidate) -> Vec<String> {
        let schema = self.schemas.get(desired.address.resource_type_str());
        schema.map_or_else(Vec::new, |schema| {
            Comparison::of(schema, desired, candidate, &self.outputs).agreement()
        })
    }
}

/// Returns the one with the highest score, nothing if it shares it.
fn only_best<T>(scored: impl Iterator<Item = (T, usize)>) -> Option<T> {
    let mut best: Option<(T, usize, bool)> = None;
    for (one, score) in scored {
        best = match best {
            Some((held, high, _)) if high == score => Some((held, high, true)),
            Some((held, high, shared)) if high > score => Some((held, high, shared)),
            _ => Some((one, score, false)),
        };
    }
    best.filter(|(_, _, shared)| !shared).map(|(one, ..)| one)
}

/// Returns the output that a value is, if it is one and no more.
fn reference(value: &Value) -> Option<(&Address, &str)> {
    match value {
        Value::Deferred(expression) => match &**expression {
            Expression::Reference(Reference::Output { address, output, .. }) => {
                Some((address, output.as_str()))
            }
            _ => None,
        },
        _ => None,
    }
}
