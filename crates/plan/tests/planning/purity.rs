//! The same request gives the same bytes, in whatever order its parts were put together.

use infra_model::resource::ResourceGraph;
use infra_model::snapshot::Snapshot;

use crate::language::graph;
use crate::world::World;

const BEFORE: &str = "net a cidr=1
                      disk b zone=1 on=$a.id
                      server c net=$a.id size=1 note=(x,$b.id)
                      role d on=$c.id
                      net e cidr=1
                      rule f from=$e.id to=$d.id";

#[test]
fn the_order_of_insertion_does_not_matter() {
    let after = graph(
        &BEFORE
            .replace("cidr=1", "cidr=2")
            .replace("role d on=$c.id", "role d on=1"),
    );
    let world = World::with(BEFORE).seen("c size=3\nb gone");
    let bytes = world.try_plan(&after).unwrap().to_bytes().unwrap();
    for round in 0..20 {
        let mut shuffled = ResourceGraph::default();
        for (address, desired) in scattered(after.resources.iter(), round) {
            shuffled.resources.insert(address.clone(), desired.clone());
        }
        let mut other = world.clone();
        other.snapshot = Snapshot {
            records: scattered(world.snapshot.records.iter(), round)
                .into_iter()
                .map(|(key, entry)| (key.clone(), entry.clone()))
                .collect(),
            observations: scattered(world.snapshot.observations.iter(), round)
                .into_iter()
                .map(|(key, seen)| (key.clone(), seen.clone()))
                .collect(),
            ..world.snapshot.clone()
        };
        assert_eq!(other.try_plan(&shuffled).unwrap().to_bytes().unwrap(), bytes);
    }
}

/// Returns the items in another order for each round.
fn scattered<T>(items: impl Iterator<Item = T>, round: u64) -> Vec<T> {
    let mut items: Vec<(u64, T)> = items
        .enumerate()
        .map(|(at, item)| {
            (
                (at as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15 ^ (round << 17)),
                item,
            )
        })
        .collect();
    items.sort_by_key(|(key, _)| *key);
    items.into_iter().map(|(_, item)| item).collect()
}
