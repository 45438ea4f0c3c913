//! Has nodes know each other, and gives them their slots and their primaries.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::slots::ranges;
use super::topology::{Topology, fault, look};
use super::{ClusterError, Sessions};
use crate::redis::session::{Session, SessionError, command};

/// How often nodes are asked whether they have come to agree: they gossip ten times a second.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long agreement may take; a new cluster needs two seconds, by a delay in Redis.
const SETTLED_WITHIN: Duration = Duration::from_secs(30);

/// Where a node answers to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct NodePlace {
    /// Its address.
    pub host: IpAddr,
    /// Its port.
    pub port: u16,
    /// The port of the cluster's bus.
    pub bus: u16,
}

/// Has every node know every other, and returns when they do.
///
/// # Errors
/// [`ClusterError`] when they do not.
pub async fn meet(sessions: &Sessions, places: &BTreeMap<u32, NodePlace>) -> Result<Topology, ClusterError> {
    let mut topology = look(sessions).await?;
    let highest = topology.values().map(|seen| seen.epoch).max().unwrap_or(0);
    for ((number, seen), epoch) in topology.iter().zip(highest + 1..) {
        // A node has an epoch of its own before it meets others, or they argue about it.
        if seen.epoch == 0 && seen.others.is_empty() {
            let words = ["CLUSTER", "SET-CONFIG-EPOCH", &epoch.to_string()];
            let set = sessions[number].run("take an epoch", &words).await;
            tolerate(set, "already non-zero")?;
        }
    }
    for (number, seen) in &topology {
        for (other, place) in places.iter().filter(|(other, _)| *other > number) {
            if topology
                .get(other)
                .is_some_and(|other| !seen.others.contains_key(&other.id))
            {
                introduce(&sessions[number], place).await?;
            }
        }
    }
    let all = topology.len();
    settle(sessions, &mut topology, |topology| {
        let knows = |(number, seen): (&u32, &super::topology::Seen)| {
            let known = topology
                .values()
                .filter(|other| seen.others.contains_key(&other.id))
                .count();
            (known + 1 < all).then(|| format!("node {number} knows {known} of {} others", all - 1))
        };
        topology.iter().find_map(knows)
    })
    .await?;
    Ok(topology)
}

async fn introduce(session: &Session, place: &NodePlace) -> Result<(), SessionError> {
    let (host, port, bus) = (
        place.host.to_string(),
        place.port.to_string(),
        place.bus.to_string(),
    );
    session
        .run("meet another node", &["CLUSTER", "MEET", &host, &port, &bus])
        .await
}

/// Gives a node slots that nobody has.
///
/// # Errors
/// [`SessionError`] when it refuses.
pub async fn add(session: &Session, slots: &[u16]) -> Result<(), SessionError> {
    let mut asked = command(&["CLUSTER", "ADDSLOTSRANGE"]);
    for (first, last) in ranges(slots) {
        asked.arg(first).arg(last);
    }
    session.ask("take slots", &asked).await
}

/// Has a node follow another.
///
/// # Errors
/// [`SessionError`] when it refuses.
pub async fn follow(session: &Session, primary: &str) -> Result<(), SessionError> {
    session
        .run("follow another node", &["CLUSTER", "REPLICATE", primary])
        .await
}

/// Has everybody forget a node that is gone.
///
/// # Errors
/// [`SessionError`] when one refuses.
pub async fn forget(sessions: &Sessions, id: &str) -> Result<(), SessionError> {
    for session in sessions.values() {
        let forgotten = session.run("forget a node", &["CLUSTER", "FORGET", id]).await;
        tolerate(forgotten, "Unknown node")?;
    }
    Ok(())
}

/// Waits until nothing is wrong with a cluster of this shape.
///
/// # Errors
/// [`ClusterError::Unsettled`] with what still is.
pub async fn rest(sessions: &Sessions, shape: super::roles::Shape) -> Result<Topology, ClusterError> {
    let mut topology = look(sessions).await?;
    settle(sessions, &mut topology, |topology| {
        fault(topology, shape.shards, shape.replicas)
    })
    .await?;
    Ok(topology)
}

/// Looks until a condition has no fault to tell.
///
/// # Errors
/// [`ClusterError::Unsettled`] with the fault that stays.
pub async fn settle(
    sessions: &Sessions,
    topology: &mut Topology,
    wrong: impl Fn(&Topology) -> Option<String>,
) -> Result<(), ClusterError> {
    let deadline = tokio::time::Instant::now() + SETTLED_WITHIN;
    let mut pace = tokio::time::interval(LOOK_EVERY);
    while let Some(fault) = wrong(topology) {
        if tokio::time::Instant::now() > deadline {
            return Err(ClusterError::Unsettled {
                waited: SETTLED_WITHIN,
                fault,
            });
        }
        pace.tick().await;
        *topology = look(sessions).await?;
    }
    Ok(())
}

/// Takes a refusal for success that says that it was done before.
fn tolerate(result: Result<(), SessionError>, done: &str) -> Result<(), SessionError> {
    match result {
        Err(SessionError::Refused { message, .. }) if message.contains(done) => Ok(()),
        other => other,
    }
}
