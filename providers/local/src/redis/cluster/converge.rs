//! Brings a cluster whose nodes all run to the shape that is wanted of it.

use std::collections::{BTreeMap, BTreeSet};

use infra_model::sealing::Secret;

use super::form::{NodePlace, add, follow, forget, meet, rest, settle};
use super::migrate::{Moving, open};
use super::roles::{Roles, Shape, roles};
use super::slots::spread;
use super::topology::{Topology, disagreement, look, number_of};
use super::{ClusterError, Sessions};

/// A cluster whose nodes all run.
#[derive(Debug, Clone, Copy)]
pub struct Running<'a> {
    /// The sessions of all nodes.
    pub sessions: &'a Sessions,
    /// Where they answer to each other.
    pub places: &'a BTreeMap<u32, NodePlace>,
    /// The engine's password, which is the same everywhere.
    pub engine: &'a Secret,
}

/// Nodes that have nothing to do any more, with their identities.
pub type Leaving = BTreeMap<u32, String>;

/// Spreads slots and gives every primary its replicas. What it returns may be stopped, and then forgotten.
///
/// # Errors
/// [`ClusterError`]; what was done stays, and the next call goes on from there.
pub async fn converge(running: &Running<'_>, shape: Shape) -> Result<Leaving, ClusterError> {
    let sessions = running.sessions;
    let mut topology = meet(sessions, running.places).await?;
    forget_strangers(sessions, &topology).await?;
    let moving = Moving {
        sessions,
        places: running.places,
        engine: running.engine,
    };
    if topology.values().any(|seen| !seen.slots.is_empty()) {
        let open = open(&topology);
        moving.unstop_ears(&topology).await?;
        topology = look(sessions).await?;
        settle(sessions, &mut topology, disagreement).await?;
        moving.finish(&open, &topology).await?;
        topology = look(sessions).await?;
    }
    let roles = roles(&topology, shape);
    if roles.primaries.len() < shape.shards {
        return Err(ClusterError::TooFew {
            found: roles.primaries.len(),
            wanted: shape.shards,
        });
    }
    give_slots(&moving, &topology, &roles).await?;
    follow_all(sessions, &topology, &roles).await?;
    Ok(roles
        .leaving
        .iter()
        .map(|number| (*number, topology[number].id.clone()))
        .collect())
}

/// Waits until a cluster has come to rest.
///
/// # Errors
/// [`ClusterError::Unsettled`] with what is wrong.
pub async fn at_rest(sessions: &Sessions, shape: Shape) -> Result<(), ClusterError> {
    rest(sessions, shape).await.map(drop)
}

/// All nodes run: whoever else is known is gone for good.
async fn forget_strangers(sessions: &Sessions, topology: &Topology) -> Result<(), ClusterError> {
    let known = topology.values().flat_map(|seen| seen.others.keys());
    let strangers: BTreeSet<&String> = known.filter(|id| number_of(topology, id).is_none()).collect();
    for id in strangers {
        forget(sessions, id).await?;
    }
    Ok(())
}

async fn give_slots(moving: &Moving<'_>, topology: &Topology, roles: &Roles) -> Result<(), ClusterError> {
    let has: BTreeMap<u32, BTreeSet<u16>> = topology
        .iter()
        .map(|(number, seen)| (*number, seen.slots.clone()))
        .collect();
    let spread = spread(&has, &roles.primaries);
    for (number, slots) in &spread.added {
        add(&moving.sessions[number], slots).await?;
    }
    moving.all(&spread.moves).await
}

async fn follow_all(sessions: &Sessions, topology: &Topology, roles: &Roles) -> Result<(), ClusterError> {
    for (number, primary) in &roles.replicas {
        let wanted = &topology[primary].id;
        if topology[number].follows.as_ref() != Some(wanted) {
            follow(&sessions[number], wanted).await?;
        }
    }
    Ok(())
}
