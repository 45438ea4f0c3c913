//! Has a replica take over from a primary that is dead, before that one is started again.
//!
//! A primary that keeps nothing would come back empty, and its replicas would throw away what they have to be as empty.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::form::NodePlace;
use super::topology::{Topology, look, number_of};
use super::{ClusterError, Sessions};

/// How often a replica is asked whether it has taken over.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long it may take; others have to agree, and one that is just being elected anyway needs some seconds.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(15);

/// Has a replica take the place of each dead primary that has one.
///
/// Where the others do not agree in time, the dead one has to do.
///
/// # Errors
/// [`ClusterError`] when a node that answers does not any more.
pub async fn take_over(sessions: &Sessions, places: &BTreeMap<u32, NodePlace>) -> Result<(), ClusterError> {
    let topology = look(sessions).await?;
    for heir in heirs(&topology, places) {
        let session = &sessions[&heir];
        // It refuses when it has taken over by itself meanwhile, or does not know yet that its primary is gone.
        let _ = session.run("take over", &["CLUSTER", "FAILOVER", "FORCE"]).await;
        let only = Sessions::from([(heir, session.clone())]);
        let taken = async {
            let mut pace = tokio::time::interval(LOOK_EVERY);
            loop {
                pace.tick().await;
                if look(&only).await?[&heir].follows.is_none() {
                    return Ok::<_, ClusterError>(());
                }
            }
        };
        if let Ok(result) = tokio::time::timeout(TAKEN_OVER_WITHIN, taken).await {
            result?;
        }
    }
    Ok(())
}

/// Returns one replica for each primary that does not answer and that others still hold for the owner of slots.
fn heirs(topology: &Topology, places: &BTreeMap<u32, NodePlace>) -> BTreeSet<u32> {
    let dead = |address: &str| {
        let place = places
            .iter()
            .find(|(_, place)| address == format!("{}:{}", place.host, place.port));
        place.is_some_and(|(number, _)| !topology.contains_key(number))
    };
    let mut heirs = BTreeMap::new();
    for seen in topology.values() {
        for (id, other) in &seen.others {
            if other.slots.is_empty() || !dead(&other.address) || number_of(topology, id).is_some() {
                continue;
            }
            let follows = |(_, seen): &(&u32, &super::topology::Seen)| seen.follows.as_deref() == Some(id);
            if let Some((number, _)) = topology.iter().find(follows) {
                heirs.insert(id.clone(), *number);
            }
        }
    }
    heirs.into_values().collect()
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::redis::cluster::topology::{Other, Seen};

    fn place(port: u16) -> NodePlace {
        NodePlace {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port,
            bus: port + 1,
        }
    }

    #[test]
    fn a_replica_of_a_dead_primary_inherits_and_no_other() {
        let places = BTreeMap::from([(1, place(7001)), (2, place(7002)), (3, place(7003))]);
        let dead = Other {
            address: "127.0.0.1:7001".to_owned(),
            follows: None,
            slots: BTreeSet::from([1]),
        };
        let seen = |id: &str, follows: Option<&str>| Seen {
            id: id.to_owned(),
            follows: follows.map(str::to_owned),
            others: BTreeMap::from([("a".to_owned(), dead.clone())]),
            ..Seen::default()
        };
        let topology = Topology::from([(2, seen("b", None)), (3, seen("c", Some("a")))]);
        assert_eq!(heirs(&topology, &places), BTreeSet::from([3]));
        // It runs: nobody inherits.
        let mut alive = topology;
        alive.insert(1, seen("a", None));
        assert_eq!(heirs(&alive, &places), BTreeSet::new());
    }
}
