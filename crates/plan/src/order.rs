//! What each declared address needs, and the order that follows.

use infra_model::address::Address;
use infra_model::expression::{Reference, each_reference};
use infra_model::graph::Graph;

use crate::error::PlanError;
use crate::roster::{Place, Roster};

/// The edges of the stack between the places of a roster, kept in one list: most addresses have few or none.
#[derive(Debug)]
pub(crate) struct Needs {
    starts: Vec<u32>,
    targets: Vec<Place>,
    graph: Graph<Place>,
    /// All places, each after those that it needs.
    pub(crate) order: Vec<Place>,
}

impl Needs {
    pub(crate) fn new(roster: &Roster<'_>) -> Result<Self, PlanError> {
        let mut starts = Vec::with_capacity(roster.nodes.len() + 1);
        let mut targets: Vec<Place> = Vec::new();
        starts.push(0);
        for node in &roster.nodes {
            let first = targets.len();
            let mut unknown: Option<String> = None;
            let mut need = |address: &Address| match roster.find(address.as_str()) {
                Some(place) if roster.node(place).desired.is_some() => targets.push(place),
                _ => unknown = unknown.take().or(Some(address.to_string())),
            };
            if let Some(desired) = node.desired {
                desired.after.iter().for_each(&mut need);
                for value in desired.inputs.values() {
                    each_reference(value, &mut |reference| {
                        if let Reference::Output { address, .. } = reference {
                            need(address);
                        }
                    });
                }
            }
            if let Some(needs) = unknown {
                let address = node.address.clone();
                return Err(PlanError::UnknownDependency { address, needs });
            }
            targets[first..].sort_unstable();
            starts.push(targets.len() as u32);
        }
        let entries = roster
            .places()
            .map(|place| (place, slice(&starts, &targets, place).iter().collect()));
        let graph = Graph::new(entries);
        let order = match graph.order() {
            Ok(order) => order.into_iter().copied().collect(),
            Err(cycle) => {
                let address = |place: &Place| roster.node(*place).address.clone();
                let path = cycle.path.iter().map(address).collect();
                return Err(PlanError::Cycle { path });
            }
        };
        Ok(Needs {
            starts,
            targets,
            graph,
            order,
        })
    }

    /// Returns what a place needs, in order; one may stand there twice.
    pub(crate) fn of(&self, place: Place) -> &[Place] {
        slice(&self.starts, &self.targets, place)
    }

    /// Returns the edges, for closures.
    pub(crate) fn graph(&self) -> &Graph<Place> {
        &self.graph
    }
}

fn slice<'a>(starts: &[u32], targets: &'a [Place], place: Place) -> &'a [Place] {
    let place = place as usize;
    &targets[starts[place] as usize..starts[place + 1] as usize]
}
