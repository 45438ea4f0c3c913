//! What each declared address needs, and the order that follows.

use infra_model::address::Address;
use infra_model::graph::Graph;

use crate::error::PlanError;
use crate::glance::{self, Glance};
use crate::roster::{Place, Roster};

/// The edges of the stack between the places of a roster, kept in one list: most addresses have few or none.
#[derive(Debug)]
pub(crate) struct Needs {
    starts: Vec<u32>,
    targets: Vec<Place>,
    graph: Graph<Place>,
    /// What a look at the inputs of each place told; none where nothing is declared.
    pub(crate) glances: Vec<Option<Glance>>,
    /// All places, each after those that it needs.
    pub(crate) order: Vec<Place>,
}

impl Needs {
    pub(crate) fn new(roster: &Roster<'_>) -> Result<Self, PlanError> {
        let mut starts = Vec::with_capacity(roster.nodes.len() + 1);
        let mut targets: Vec<Place> = Vec::new();
        let mut glances = Vec::with_capacity(roster.nodes.len());
        starts.push(0);
        for place in roster.places() {
            let first = targets.len();
            glances.push(needs_of(place, roster, &mut targets)?);
            targets[first..].sort_unstable();
            starts.push(targets.len() as u32);
        }
        let slice = |place| slice(&starts, &targets, place);
        let graph = Graph::new(
            roster
                .places()
                .map(|place| (place, slice(place).iter().collect())),
        );
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
            glances,
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

fn needs_of(
    place: Place,
    roster: &Roster<'_>,
    targets: &mut Vec<Place>,
) -> Result<Option<Glance>, PlanError> {
    let node = roster.node(place);
    let Some(desired) = node.desired else {
        return Ok(None);
    };
    let mut unknown: Option<String> = None;
    let mut need = |address: &Address| match roster.find_near(address.as_str(), place) {
        Some(place) if roster.node(place).desired.is_some() => targets.push(place),
        _ => unknown = unknown.take().or(Some(address.to_string())),
    };
    desired.after.iter().for_each(&mut need);
    let glance = glance::look(desired, &mut need)?;
    match unknown {
        None => Ok(Some(glance)),
        Some(needs) => Err(PlanError::UnknownDependency {
            address: node.address.clone(),
            needs,
        }),
    }
}

fn slice<'a>(starts: &[u32], targets: &'a [Place], place: Place) -> &'a [Place] {
    let place = place as usize;
    &targets[starts[place] as usize..starts[place + 1] as usize]
}
