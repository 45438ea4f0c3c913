//! Every address that is declared or recorded, once, in order, with all that is known of it.

use std::ops::Range;

use infra_model::address::Address;
use infra_model::record::{Record, RecordEntry, RecordKey};
use infra_model::resource::Desired;
use infra_model::schema::ResourceSchema;
use infra_model::snapshot::{Condition, Observation, Observed, Owner, Snapshot};

use crate::error::PlanError;
use crate::moved::Renames;
use crate::request::PlanRequest;

/// The place of an address in the [`Roster`].
pub(crate) type Place = u32;

/// Every address that is declared or recorded, in order.
#[derive(Debug)]
pub(crate) struct Roster<'a> {
    pub(crate) nodes: Vec<Node<'a>>,
}

/// What is known of one address.
#[derive(Debug)]
pub(crate) struct Node<'a> {
    pub(crate) address: Address,
    /// What the stack wants of it.
    pub(crate) desired: Option<&'a Desired>,
    pub(crate) schema: Option<&'a ResourceSchema>,
    /// Whether nobody misses an object of its type.
    pub(crate) unnoticed: bool,
    /// The record of its current object.
    pub(crate) current: Option<Held<'a>>,
    /// The records of objects that replacements set aside.
    pub(crate) deposed: Vec<Held<'a>>,
    /// An object that was seen although nothing is recorded.
    pub(crate) unrecorded: Option<&'a Observed>,
}

/// A record and what was seen of its object.
#[derive(Debug)]
pub(crate) struct Held<'a> {
    /// Its key under the address that it has now.
    pub(crate) key: RecordKey,
    /// Its key as the state has it.
    pub(crate) stored: &'a RecordKey,
    pub(crate) entry: &'a RecordEntry,
    pub(crate) seen: Option<&'a Observation>,
}

impl<'a> Roster<'a> {
    pub(crate) fn new(request: &PlanRequest<'a>, renames: &Renames<'_>) -> Self {
        let mut held = held(request.snapshot, renames).into_iter().peekable();
        let mut desired = request.graph.resources.values().peekable();
        let mut nodes: Vec<Node<'a>> = Vec::with_capacity(request.graph.resources.len().max(held.len()));
        loop {
            let recorded = held.peek().map(|held| &held.key.address);
            let declared = desired.peek().map(|desired| &desired.address);
            let address = match (recorded, declared) {
                (Some(recorded), Some(declared)) => recorded.min(declared).clone(),
                (Some(address), None) | (None, Some(address)) => address.clone(),
                (None, None) => break,
            };
            let mut node = Node {
                schema: request.schemas.get(address.resource_type_str()),
                unnoticed: request.schemas.is_unnoticed(address.resource_type_str()),
                desired: desired.next_if(|desired| desired.address == address),
                current: None,
                deposed: Vec::new(),
                unrecorded: None,
                address,
            };
            while let Some(one) = held.next_if(|held| held.key.address == node.address) {
                match one.key.deposed {
                    None => node.current = Some(one),
                    Some(_) => node.deposed.push(one),
                }
            }
            node.unrecorded = unrecorded(&node, request.snapshot);
            nodes.push(node);
        }
        Roster { nodes }
    }

    /// Returns the place of an address.
    pub(crate) fn find(&self, address: &str) -> Option<Place> {
        let found = self
            .nodes
            .binary_search_by(|node| node.address.as_str().cmp(address));
        found.ok().map(|at| at as Place)
    }

    /// Returns the place of an address, looking first around a place that is probably near: resources refer mostly to
    /// their siblings, and comparing two of 100,000 long names costs more than stepping over a few.
    pub(crate) fn find_near(&self, address: &str, near: Place) -> Option<Place> {
        const REACH: usize = 8;
        let near = near as usize;
        let (from, to) = (
            near.saturating_sub(REACH),
            (near + REACH).min(self.nodes.len() - 1),
        );
        let name = |at: usize| self.nodes[at].address.as_str();
        if address < name(from) || name(to) < address {
            return self.find(address);
        }
        let found = self.nodes[from..=to].binary_search_by(|node| node.address.as_str().cmp(address));
        found.ok().map(|at| (from + at) as Place)
    }

    pub(crate) fn node(&self, place: Place) -> &Node<'a> {
        &self.nodes[place as usize]
    }

    /// Returns all places in the order of addresses.
    pub(crate) fn places(&self) -> Range<Place> {
        0..self.nodes.len() as Place
    }
}

/// Returns all records under their new addresses, in the order of those.
fn held<'a>(snapshot: &'a Snapshot, renames: &Renames<'_>) -> Vec<Held<'a>> {
    let look = |key: &RecordKey| match snapshot.observations.is_empty() {
        true => None,
        false => snapshot.observations.get(key),
    };
    let records = snapshot.records.iter();
    let mut held: Vec<Held<'a>> = records
        .map(|(stored, entry)| Held {
            key: match renames.is_empty() {
                true => stored.clone(),
                false => RecordKey {
                    address: renames.current(&stored.address),
                    deposed: stored.deposed.clone(),
                },
            },
            stored,
            entry,
            seen: look(stored),
        })
        .collect();
    if !renames.is_empty() {
        held.sort_by(|left, right| left.key.cmp(&right.key));
    }
    held
}

fn unrecorded<'a>(node: &Node<'a>, snapshot: &'a Snapshot) -> Option<&'a Observed> {
    if node.current.is_some() || snapshot.observations.is_empty() {
        return None;
    }
    match snapshot
        .observations
        .get(&RecordKey::current(node.address.clone()))
    {
        Some(Observation::Present(observed)) => Some(observed),
        Some(Observation::Absent) | None => None,
    }
}

impl<'a> Node<'a> {
    pub(crate) fn schema(&self) -> Result<&'a ResourceSchema, PlanError> {
        self.schema.ok_or_else(|| PlanError::UnknownType {
            address: self.address.clone(),
        })
    }
}

impl<'a> Held<'a> {
    /// Returns the record; parses it if nobody did.
    pub(crate) fn record(&self) -> Result<&'a Record, PlanError> {
        match self.entry.record() {
            Ok(record) => Ok(record),
            Err(source) => Err(PlanError::UnreadableRecord {
                key: self.stored.clone(),
                source,
            }),
        }
    }

    /// Returns the object as it was seen, if it was.
    pub(crate) fn observed(&self) -> Option<&'a Observed> {
        match self.seen {
            Some(Observation::Present(observed)) => Some(observed),
            Some(Observation::Absent) | None => None,
        }
    }

    /// Tells whether the object was looked for and not found.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(self.seen, Some(Observation::Absent))
    }

    /// Tells whether the object or its record is unfinished, so that it has to be replaced.
    pub(crate) fn is_unfinished(&self) -> bool {
        let half_made = |observed: &Observed| observed.condition == Condition::HalfMade;
        self.entry.tainted || self.observed().is_some_and(half_made)
    }

    /// Tells whether nothing can be lost with the object: it never came to be whole, and was not seen whole either.
    pub(crate) fn holds_nothing(&self) -> bool {
        let whole = |observed: &Observed| observed.condition == Condition::Complete;
        self.is_unfinished() && !self.observed().is_some_and(whole)
    }

    /// Tells whether deleting the object loses data: its type holds data, or it stands on its own, as it is recorded or seen.
    pub(crate) fn holds_data(&self, schema: &ResourceSchema) -> bool {
        let recorded = || {
            self.record()
                .is_ok_and(|record| schema.stands_alone(&record.inputs))
        };
        let seen = self.observed().map(|observed| &observed.attributes);
        schema.holds_data
            || seen.is_some_and(|seen| schema.stands_alone(seen))
            || schema.may_stand_alone() && recorded()
    }

    /// Returns whose the object is, if it is not ours.
    pub(crate) fn foreign_owner(&self) -> Option<&'a str> {
        self.observed().and_then(foreign_owner)
    }
}

/// Returns whose an object is, if it is not ours.
pub(crate) fn foreign_owner(observed: &Observed) -> Option<&str> {
    match &observed.owner {
        Owner::Other(owner) => Some(owner),
        Owner::Ours { .. } | Owner::Untagged => None,
    }
}
