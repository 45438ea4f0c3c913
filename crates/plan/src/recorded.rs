//! What recorded objects needed when they were last changed. Deletions go against this order.

use std::collections::{BTreeMap, BTreeSet};

use infra_model::graph::Graph;

use crate::error::PlanError;
use crate::moved::Renames;
use crate::roster::{Held, Place, Roster};

/// Returns the places that a recorded object needed, under the names that they have now.
pub(crate) fn needs(
    held: &Held<'_>,
    roster: &Roster<'_>,
    renames: &Renames<'_>,
) -> Result<Vec<Place>, PlanError> {
    let dependencies = held.record()?.dependencies.iter();
    let places = dependencies.filter_map(|address| match renames.is_empty() {
        true => roster.find(address.as_str()),
        false => roster.find(renames.current(address).as_str()),
    });
    Ok(places.collect())
}

/// Returns the recorded needs of all current objects; parses every record.
pub(crate) fn graph(roster: &Roster<'_>, renames: &Renames<'_>) -> Result<Graph<Place>, PlanError> {
    let mut all: BTreeMap<Place, BTreeSet<Place>> = BTreeMap::new();
    for place in roster.places() {
        let needs = match &roster.node(place).current {
            Some(held) => needs(held, roster, renames)?.into_iter().collect(),
            None => BTreeSet::new(),
        };
        all.insert(place, needs);
    }
    Ok(Graph::new(
        all.iter().map(|(place, needs)| (*place, needs.iter().collect())),
    ))
}
