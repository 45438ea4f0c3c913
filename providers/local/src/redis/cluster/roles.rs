//! Who is a primary, who follows whom and who has to go, with as little change as that takes.

use std::collections::{BTreeMap, BTreeSet};

use super::topology::{Topology, number_of};

/// What each node shall be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roles {
    /// Those that have slots.
    pub primaries: BTreeSet<u32>,
    /// Those that follow one, and whom.
    pub replicas: BTreeMap<u32, u32>,
    /// Those that have nothing to do any more.
    pub leaving: BTreeSet<u32>,
}

/// How large a cluster shall be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// How many primaries.
    pub shards: usize,
    /// How many replicas each of them has.
    pub replicas: usize,
}

impl Shape {
    /// Returns how many nodes have to be added: a replica cannot become a primary of other slots.
    #[must_use]
    pub fn missing(self, topology: &Topology) -> usize {
        let primaries = topology.values().filter(|seen| seen.follows.is_none()).count();
        let all = self.shards * (1 + self.replicas);
        let of_all = all.saturating_sub(topology.len());
        of_all.max(self.shards.saturating_sub(primaries))
    }
}

/// Returns what each node shall be.
#[must_use]
pub fn roles(topology: &Topology, shape: Shape) -> Roles {
    let primaries = primaries(topology, shape.shards);
    let mut roles = Roles {
        primaries,
        ..Roles::default()
    };
    let count = |roles: &Roles, primary: u32| roles.replicas.values().filter(|one| **one == primary).count();
    let mut pool = Vec::new();
    for (number, seen) in topology
        .iter()
        .filter(|(number, _)| !roles.primaries.contains(number))
    {
        let now = seen.follows.as_deref().and_then(|id| number_of(topology, id));
        match now.filter(|primary| roles.primaries.contains(primary)) {
            Some(primary) if count(&roles, primary) < shape.replicas => {
                roles.replicas.insert(*number, primary);
            }
            _ => pool.push(*number),
        }
    }
    for number in pool {
        let needs = |primary: &&u32| count(&roles, **primary) < shape.replicas;
        // One replica for each before the second for any.
        let fewest = roles
            .primaries
            .iter()
            .filter(needs)
            .min_by_key(|one| count(&roles, **one));
        match fewest.copied() {
            Some(primary) => drop(roles.replicas.insert(number, primary)),
            None => drop(roles.leaving.insert(number)),
        }
    }
    roles
}

/// Those that have most stay; one without slots becomes a primary if there are too few.
fn primaries(topology: &Topology, shards: usize) -> BTreeSet<u32> {
    let mut all: Vec<(u32, usize)> = topology
        .iter()
        .filter(|(_, seen)| seen.follows.is_none())
        .map(|(number, seen)| (*number, seen.slots.len()))
        .collect();
    all.sort_by_key(|(number, slots)| (*slots == 0, *number));
    all.into_iter().take(shards).map(|(number, _)| number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redis::cluster::topology::Seen;

    /// Nodes by number: how many slots, and whom they follow.
    fn topology(nodes: &[(u32, u16, Option<u32>)]) -> Topology {
        let node = |(number, slots, follows): &(u32, u16, Option<u32>)| {
            let seen = Seen {
                id: format!("id-{number}"),
                follows: follows.map(|other| format!("id-{other}")),
                slots: (0..*slots).collect(),
                ..Seen::default()
            };
            (*number, seen)
        };
        nodes.iter().map(node).collect()
    }

    fn set(numbers: &[u32]) -> BTreeSet<u32> {
        numbers.iter().copied().collect()
    }

    const THREE: Shape = Shape {
        shards: 3,
        replicas: 1,
    };
    const FIVE: Shape = Shape {
        shards: 5,
        replicas: 1,
    };

    #[test]
    fn new_nodes_become_primaries_first_and_then_their_replicas() {
        let fresh = topology(&[
            (1, 0, None),
            (2, 0, None),
            (3, 0, None),
            (4, 0, None),
            (5, 0, None),
            (6, 0, None),
        ]);
        let roles = roles(&fresh, THREE);
        assert_eq!(roles.primaries, set(&[1, 2, 3]));
        assert_eq!(roles.replicas, BTreeMap::from([(4, 1), (5, 2), (6, 3)]));
        assert_eq!(THREE.missing(&fresh), 0);
    }

    #[test]
    fn roles_that_were_swapped_stay_swapped() {
        let swapped = topology(&[
            (1, 0, Some(4)),
            (2, 9, None),
            (3, 9, None),
            (4, 9, None),
            (5, 0, Some(2)),
            (6, 0, Some(3)),
        ]);
        let roles = roles(&swapped, THREE);
        assert_eq!(roles.primaries, set(&[2, 3, 4]));
        assert_eq!(roles.replicas, BTreeMap::from([(1, 4), (5, 2), (6, 3)]));
        assert_eq!(FIVE.missing(&swapped), 4);
    }

    #[test]
    fn a_smaller_cluster_lets_primaries_and_their_replicas_go() {
        let mut nodes = vec![
            (1, 9, None),
            (2, 9, None),
            (3, 9, None),
            (4, 0, Some(1)),
            (5, 0, Some(2)),
            (6, 0, Some(3)),
        ];
        nodes.extend([(7, 9, None), (8, 9, None), (9, 0, Some(7)), (10, 0, Some(8))]);
        let roles = roles(&topology(&nodes), THREE);
        assert_eq!(roles.primaries, set(&[1, 2, 3]));
        assert_eq!(roles.leaving, set(&[7, 8, 9, 10]));
    }

    #[test]
    fn more_shards_with_fewer_replicas_need_nodes_that_can_be_primaries() {
        let now = topology(&[
            (1, 9, None),
            (2, 9, None),
            (3, 9, None),
            (4, 0, Some(1)),
            (5, 0, Some(2)),
            (6, 0, Some(3)),
        ]);
        let shape = Shape {
            shards: 4,
            replicas: 0,
        };
        assert_eq!(shape.missing(&now), 1);
        assert_eq!(
            roles(
                &now,
                Shape {
                    shards: 3,
                    replicas: 0
                }
            )
            .leaving,
            set(&[4, 5, 6])
        );
    }
}
