//! What the nodes of a cluster say of it.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::try_join_all;

use super::{ClusterError, SLOTS, Sessions};
use crate::redis::session::{Session, command};

/// A node as it sees itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Its identity in the cluster.
    pub id: String,
    /// The identity of the node that it follows; none for a primary.
    pub follows: Option<String>,
    /// The slots that it has.
    pub slots: BTreeSet<u16>,
    /// The slots that it is giving away, and to whom.
    pub migrating: BTreeMap<u16, String>,
    /// The slots that it is being given, and by whom.
    pub importing: BTreeMap<u16, String>,
    /// Its epoch; none before it was told one.
    pub epoch: u64,
    /// The others that it knows for certain.
    pub others: BTreeMap<String, Other>,
    /// Whether a replica is connected to the node that it follows; true for a primary.
    pub linked: bool,
    /// Whether it says that the cluster works.
    pub is_ok: bool,
}

/// Another node as a node sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Other {
    /// Its address and port.
    pub address: String,
    /// Whom it follows.
    pub follows: Option<String>,
    /// Whether it has slots.
    pub slots: BTreeSet<u16>,
}

/// The nodes of a cluster by their number, each as it sees itself.
pub type Topology = BTreeMap<u32, Seen>;

/// Asks all nodes.
///
/// # Errors
/// [`ClusterError`] when one does not answer, or in words that are not understood.
pub async fn look(sessions: &Sessions) -> Result<Topology, ClusterError> {
    let looks = sessions.iter().map(|(number, session)| async move {
        Ok::<_, ClusterError>((*number, seen(*number, session).await?))
    });
    Ok(try_join_all(looks).await?.into_iter().collect())
}

async fn seen(number: u32, session: &Session) -> Result<Seen, ClusterError> {
    let asked = command(&["CLUSTER", "NODES"]);
    let text: String = session.ask("describe its cluster", &asked).await?;
    let mut seen = parse(&text).ok_or(ClusterError::NotUnderstood { number })?;
    let asked = command(&["CLUSTER", "INFO"]);
    let text: String = session.ask("describe its cluster", &asked).await?;
    seen.is_ok = text.contains("cluster_state:ok");
    let replication = session.info("replication").await?;
    seen.linked = replication
        .get("master_link_status")
        .is_none_or(|status| status == "up");
    Ok(seen)
}

/// Returns what one node says, from its table of nodes.
fn parse(text: &str) -> Option<Seen> {
    let mut seen = Seen {
        linked: true,
        ..Seen::default()
    };
    for line in text.lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [id, address, flags, follows, _, _, epoch, ..] = fields[..] else {
            return None;
        };
        let flags: Vec<&str> = flags.split(',').collect();
        let follows = (follows != "-").then(|| follows.to_owned());
        let words = fields.get(8..).unwrap_or_default();
        if flags.contains(&"myself") {
            (seen.id, seen.follows) = (id.to_owned(), follows);
            seen.epoch = epoch.parse().ok()?;
            seen.slots = slots(words)?;
            (seen.migrating, seen.importing) = (open(words, "->-")?, open(words, "-<-")?);
        } else if !flags.contains(&"handshake") && !flags.contains(&"noaddr") {
            let address = address.split('@').next()?.to_owned();
            let slots = slots(words)?;
            seen.others.insert(
                id.to_owned(),
                Other {
                    address,
                    follows,
                    slots,
                },
            );
        }
    }
    (!seen.id.is_empty()).then_some(seen)
}

/// Reads `0-5460 5500` into slots; what stands in brackets is open.
fn slots(words: &[&str]) -> Option<BTreeSet<u16>> {
    let mut slots = BTreeSet::new();
    for word in words.iter().filter(|word| !word.starts_with('[')) {
        let (first, last) = word.split_once('-').unwrap_or((word, word));
        slots.extend(first.parse::<u16>().ok()?..=last.parse().ok()?);
    }
    Some(slots)
}

/// Reads `[93->-292f8b…]` into the slot and the other end.
fn open(words: &[&str], arrow: &str) -> Option<BTreeMap<u16, String>> {
    let bracketed = words
        .iter()
        .filter_map(|word| word.strip_prefix('[')?.strip_suffix(']'));
    bracketed
        .filter_map(|word| word.split_once(arrow))
        .map(|(slot, other)| Some((slot.parse().ok()?, other.to_owned())))
        .collect()
}

/// Returns the number of the node with an identity.
#[must_use]
pub fn number_of(topology: &Topology, id: &str) -> Option<u32> {
    topology
        .iter()
        .find(|(_, seen)| seen.id == id)
        .map(|(number, _)| *number)
}

/// Returns what is wrong with a cluster that should have come to rest; nothing when all is well.
#[must_use]
pub fn fault(topology: &Topology, shards: usize, replicas: usize) -> Option<String> {
    let mut taken = vec![0_u8; usize::from(SLOTS)];
    for slot in topology.values().flat_map(|seen| &seen.slots) {
        taken[usize::from(*slot)] += 1;
    }
    if taken.iter().any(|count| *count != 1) {
        return Some("not every slot is served by one node".to_owned());
    }
    if topology
        .values()
        .any(|seen| !seen.migrating.is_empty() || !seen.importing.is_empty())
    {
        return Some("a migration of slots is not finished".to_owned());
    }
    let strangers = |(number, seen): (&u32, &Seen)| {
        let knows_all = seen.others.len() + 1 == topology.len();
        (!knows_all).then(|| format!("node {number} does not know the nodes of the cluster"))
    };
    let unlinked = |(number, seen): (&u32, &Seen)| {
        (!seen.linked).then(|| format!("node {number} is not connected to its primary"))
    };
    let found = topology
        .iter()
        .find_map(strangers)
        .or_else(|| disagreement(topology));
    let found = found.or_else(|| topology.iter().find_map(unlinked));
    found.or_else(|| shape_fault(topology, shards, replicas))
}

/// Returns who has not heard yet how the cluster is; as long as there is somebody no slot can move, because a node
/// takes no key of a slot of which it knows no owner.
#[must_use]
pub fn disagreement(topology: &Topology) -> Option<String> {
    topology.iter().find_map(|(number, seen)| {
        if !seen.is_ok {
            return Some(format!("node {number} says that the cluster does not work"));
        }
        disagrees(seen, topology).then(|| format!("node {number} does not know who has which slots"))
    })
}

fn disagrees(seen: &Seen, topology: &Topology) -> bool {
    // A node that is being given a slot does not listen to what others say of it.
    let differs = |known: &Other, other: &Seen| {
        let mut slots = known.slots.symmetric_difference(&other.slots);
        slots.any(|slot| !seen.importing.contains_key(slot)) || known.follows != other.follows
    };
    let is_same = |other: &Seen| {
        let known = seen.others.get(&other.id);
        known.is_some_and(|known| !differs(known, other))
    };
    topology
        .values()
        .any(|other| other.id != seen.id && !is_same(other))
}

fn shape_fault(topology: &Topology, shards: usize, replicas: usize) -> Option<String> {
    let primaries: Vec<&Seen> = topology.values().filter(|seen| !seen.slots.is_empty()).collect();
    if primaries.len() != shards {
        return Some(format!("{} of {shards} shards", primaries.len()));
    }
    let followers = |primary: &Seen| {
        let follows = |seen: &&Seen| seen.follows.as_deref() == Some(&primary.id);
        topology.values().filter(follows).count()
    };
    if primaries.iter().any(|primary| followers(primary) != replicas) {
        return Some("a shard has too few or too many replicas".to_owned());
    }
    let counts = || primaries.iter().map(|primary| primary.slots.len());
    let uneven = counts().max().unwrap_or(0) - counts().min().unwrap_or(0) > 1;
    uneven.then(|| "slots are not spread evenly".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
aaa 127.0.0.1:7001@17001 myself,master - 0 1700000000000 1 connected 0-2 7 [5->-bbb] [9-<-ccc]
bbb 127.0.0.1:7002@17002,host master - 0 1700000000000 2 connected 3-6
ccc 127.0.0.1:7003@17003 slave bbb 0 1700000000000 2 connected
ddd 127.0.0.1:7004@17004 handshake - 0 0 0 disconnected
";

    #[test]
    fn a_node_tells_of_itself_and_of_those_it_knows() {
        let seen = parse(TEXT).unwrap();
        assert_eq!((seen.id.as_str(), seen.epoch, &seen.follows), ("aaa", 1, &None));
        assert_eq!(seen.slots, BTreeSet::from([0, 1, 2, 7]));
        assert_eq!(seen.migrating, BTreeMap::from([(5, "bbb".to_owned())]));
        assert_eq!(seen.importing, BTreeMap::from([(9, "ccc".to_owned())]));
        assert_eq!(seen.others.keys().collect::<Vec<_>>(), ["bbb", "ccc"]);
        assert_eq!(seen.others["bbb"].address, "127.0.0.1:7002");
        assert_eq!(seen.others["ccc"].follows.as_deref(), Some("bbb"));
    }

    #[test]
    fn other_words_are_not_taken_for_a_table() {
        assert_eq!(parse("aaa 127.0.0.1:7001"), None);
        assert_eq!(parse(&TEXT.replace("0-2", "0-x")), None);
        assert_eq!(parse(&TEXT.replace("myself,", "")), None);
    }

    /// Two primaries with half the slots each, that know each other.
    fn two() -> Topology {
        let node = |id: &str, slots: std::ops::Range<u16>| Seen {
            id: id.to_owned(),
            slots: slots.collect(),
            linked: true,
            is_ok: true,
            ..Seen::default()
        };
        let mut all = Topology::from([(1, node("a", 0..8192)), (2, node("b", 8192..SLOTS))]);
        let known = all.clone();
        for seen in all.values_mut() {
            let others = known.values().filter(|other| other.id != seen.id);
            seen.others = others
                .map(|other| {
                    let known = Other {
                        address: String::new(),
                        follows: None,
                        slots: other.slots.clone(),
                    };
                    (other.id.clone(), known)
                })
                .collect();
        }
        all
    }

    fn changed(change: impl FnOnce(&mut Topology)) -> Option<String> {
        let mut topology = two();
        change(&mut topology);
        fault(&topology, 2, 0)
    }

    #[test]
    fn every_fault_has_words() {
        assert_eq!(changed(|_| {}), None);
        let of = |change: fn(&mut Seen)| {
            changed(|topology| change(topology.get_mut(&1).unwrap())).unwrap_or_default()
        };
        assert_eq!(
            of(|seen| assert!(seen.slots.remove(&7))),
            "not every slot is served by one node"
        );
        assert_eq!(
            of(|seen| assert!(seen.slots.insert(9000))),
            "not every slot is served by one node"
        );
        let open = of(|seen| drop(seen.migrating.insert(1, "b".to_owned())));
        assert_eq!(open, "a migration of slots is not finished");
        assert_eq!(
            of(|seen| seen.others.clear()),
            "node 1 does not know the nodes of the cluster"
        );
        assert_eq!(
            of(|seen| seen.linked = false),
            "node 1 is not connected to its primary"
        );
        assert_eq!(
            of(|seen| seen.is_ok = false),
            "node 1 says that the cluster does not work"
        );
        let stale = of(|seen| seen.others.get_mut("b").unwrap().slots.clear());
        assert_eq!(stale, "node 1 does not know who has which slots");
        assert_eq!(fault(&two(), 3, 0).unwrap(), "2 of 3 shards");
        assert_eq!(
            fault(&two(), 2, 1).unwrap(),
            "a shard has too few or too many replicas"
        );
    }
}
