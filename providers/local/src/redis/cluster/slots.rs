//! Which slots go where: as even as can be, with as few moves as that takes.

use std::collections::{BTreeMap, BTreeSet};

use super::SLOTS;

/// A slot that goes from one node to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// The slot.
    pub slot: u16,
    /// Who has it.
    pub from: u32,
    /// Who shall have it.
    pub to: u32,
}

/// What has to be done so that the slots are where they belong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spread {
    /// Slots that nobody has, by who shall have them.
    pub added: BTreeMap<u32, Vec<u16>>,
    /// Slots that somebody else has, in the order of who shall have them.
    pub moves: Vec<Move>,
}

/// Returns how slots come to be spread evenly over the primaries; whoever else has slots gives all of them away.
#[must_use]
pub fn spread(has: &BTreeMap<u32, BTreeSet<u16>>, primaries: &BTreeSet<u32>) -> Spread {
    let goals = goals(has, primaries);
    let mut free = unassigned(has);
    let mut given: Vec<(u16, u32)> = Vec::new();
    for (number, slots) in has {
        let goal = goals.get(number).copied().unwrap_or(0);
        given.extend(slots.iter().skip(goal).map(|slot| (*slot, *number)));
    }
    let mut given = given.into_iter();
    let mut spread = Spread::default();
    for (to, goal) in goals {
        let missing = goal.saturating_sub(has.get(&to).map_or(0, BTreeSet::len));
        let added: Vec<u16> = free.drain(..missing.min(free.len())).collect();
        let moved = given.by_ref().take(missing - added.len());
        spread
            .moves
            .extend(moved.map(|(slot, from)| Move { slot, from, to }));
        if !added.is_empty() {
            spread.added.insert(to, added);
        }
    }
    spread
}

/// Returns how many slots each primary shall have; what does not divide goes to those that have most already.
fn goals(has: &BTreeMap<u32, BTreeSet<u16>>, primaries: &BTreeSet<u32>) -> BTreeMap<u32, usize> {
    let (all, count) = (usize::from(SLOTS), primaries.len().max(1));
    let mut by_slots: Vec<u32> = primaries.iter().copied().collect();
    by_slots.sort_by_key(|number| std::cmp::Reverse(has.get(number).map_or(0, BTreeSet::len)));
    let goal = |(place, number)| (number, all / count + usize::from(place < all % count));
    by_slots.into_iter().enumerate().map(goal).collect()
}

fn unassigned(has: &BTreeMap<u32, BTreeSet<u16>>) -> Vec<u16> {
    let taken: BTreeSet<u16> = has.values().flatten().copied().collect();
    (0..SLOTS).filter(|slot| !taken.contains(slot)).collect()
}

/// Returns slots as ranges, from the first to the last of each.
#[must_use]
pub fn ranges(slots: &[u16]) -> Vec<(u16, u16)> {
    let mut ranges: Vec<(u16, u16)> = Vec::new();
    for slot in slots {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *slot => *last = *slot,
            _ => ranges.push((*slot, *slot)),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(has: &BTreeMap<u32, BTreeSet<u16>>, primaries: &[u32]) -> (BTreeMap<u32, BTreeSet<u16>>, usize) {
        let spread = spread(has, &primaries.iter().copied().collect());
        let mut has = has.clone();
        for (to, slots) in &spread.added {
            has.entry(*to).or_default().extend(slots);
        }
        for Move { slot, from, to } in &spread.moves {
            assert!(has.get_mut(from).unwrap().remove(slot), "{slot} is not at {from}");
            assert!(has.entry(*to).or_default().insert(*slot));
        }
        has.retain(|_, slots| !slots.is_empty());
        (has, spread.moves.len())
    }

    fn expect_even(has: &BTreeMap<u32, BTreeSet<u16>>, primaries: &[u32]) {
        assert_eq!(has.keys().copied().collect::<Vec<_>>(), primaries);
        assert_eq!(has.values().map(BTreeSet::len).sum::<usize>(), usize::from(SLOTS));
        let counts = || has.values().map(BTreeSet::len);
        assert!(
            counts().max().unwrap() - counts().min().unwrap() <= 1,
            "{:?}",
            counts().collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_new_cluster_gets_one_range_for_each() {
        let spread = spread(&BTreeMap::new(), &BTreeSet::from([1, 2, 3]));
        assert!(spread.moves.is_empty());
        let all: Vec<_> = spread.added.values().map(|slots| ranges(slots)).collect();
        assert_eq!(all, [[(0, 5461)], [(5462, 10922)], [(10923, 16383)]]);
    }

    #[test]
    fn it_grows_and_shrinks_with_no_move_too_many() {
        let (three, _) = after(&BTreeMap::new(), &[1, 2, 3]);
        let (five, moves) = after(&three, &[1, 2, 3, 7, 8]);
        expect_even(&five, &[1, 2, 3, 7, 8]);
        assert_eq!(moves, 2 * usize::from(SLOTS) / 5, "only what the new ones get");
        let (again, moves) = after(&five, &[1, 2, 3]);
        expect_even(&again, &[1, 2, 3]);
        assert_eq!(
            moves,
            five[&7].len() + five[&8].len(),
            "only what those have that go"
        );
        assert_eq!(after(&again, &[1, 2, 3]).1, 0);
    }

    #[test]
    fn what_nobody_has_is_given_out_before_anything_moves() {
        let (mut three, _) = after(&BTreeMap::new(), &[1, 2, 3]);
        three.get_mut(&2).unwrap().clear();
        let (whole, moves) = after(&three, &[1, 2, 3]);
        expect_even(&whole, &[1, 2, 3]);
        assert_eq!(moves, 0);
    }
}
