//! Orders things by constraints of different strength, without ever failing.
//!
//! Most of the order of a plan has to hold; some of it is only better. Recorded needs can contradict each other,
//! because each record is as old as its last change, so an order that insisted on all of them could not exist.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// How strongly one thing has to come before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strength {
    /// Unless it contradicts any other.
    Hope,
    /// Unless it contradicts others of this strength or stronger ones.
    Wish,
    /// Unless it contradicts others of this strength or stronger ones.
    Should,
    /// Always: the later one would fail. These never form a circle.
    Must,
}

/// Something that has to come before something else.
#[derive(Clone, Copy, Debug)]
struct Constraint {
    later: u32,
    earlier: u32,
    strength: Strength,
}

/// Things by number, and what has to come before what.
#[derive(Debug)]
pub(crate) struct Constraints {
    count: usize,
    all: Vec<Constraint>,
}

impl Constraints {
    /// Returns constraints on that many things, none at first.
    pub(crate) fn new(count: usize) -> Self {
        Constraints {
            count,
            all: Vec::new(),
        }
    }

    /// Makes `later` come after `earlier`.
    pub(crate) fn add(&mut self, later: u32, earlier: u32, strength: Strength) {
        if later != earlier {
            self.all.push(Constraint {
                later,
                earlier,
                strength,
            });
        }
    }

    /// Returns all things in order, each with the places in that order of those before it.
    ///
    /// Of every circle the weakest constraint gives way; it is turned round, so that the two are never done at once.
    /// Among equals the lower number comes first.
    pub(crate) fn sequence(&self) -> Vec<(u32, Vec<u32>)> {
        let order = Sorting::new(self).order();
        let mut place = vec![0_u32; order.len()];
        for (at, thing) in order.iter().enumerate() {
            place[*thing as usize] = at as u32;
        }
        let mut before: Vec<Vec<u32>> = vec![Vec::new(); order.len()];
        for constraint in &self.all {
            let (later, earlier) = (
                place[constraint.later as usize],
                place[constraint.earlier as usize],
            );
            before[later.max(earlier) as usize].push(later.min(earlier));
        }
        for before in &mut before {
            before.sort_unstable();
            before.dedup();
        }
        order.into_iter().zip(before).collect()
    }
}

/// The state of Kahn's algorithm, lowest number first.
struct Sorting<'a> {
    all: &'a [Constraint],
    /// Constraints by the thing that comes later, and by the one that comes earlier.
    by_later: Vec<Vec<u32>>,
    by_earlier: Vec<Vec<u32>>,
    /// Which constraints still make something wait.
    holds: Vec<bool>,
    waiting: Vec<u32>,
    ready: BinaryHeap<Reverse<u32>>,
    /// Where to look for something that waits.
    next: u32,
}

impl<'a> Sorting<'a> {
    fn new(constraints: &'a Constraints) -> Self {
        let mut sorting = Sorting {
            all: &constraints.all,
            by_later: vec![Vec::new(); constraints.count],
            by_earlier: vec![Vec::new(); constraints.count],
            holds: vec![true; constraints.all.len()],
            waiting: vec![0; constraints.count],
            ready: BinaryHeap::new(),
            next: 0,
        };
        for (number, constraint) in constraints.all.iter().enumerate() {
            sorting.by_later[constraint.later as usize].push(number as u32);
            sorting.by_earlier[constraint.earlier as usize].push(number as u32);
            sorting.waiting[constraint.later as usize] += 1;
        }
        let free = (0..constraints.count as u32).filter(|thing| sorting.waiting[*thing as usize] == 0);
        sorting.ready = free.map(Reverse).collect();
        sorting
    }

    fn order(mut self) -> Vec<u32> {
        let mut order = Vec::with_capacity(self.waiting.len());
        loop {
            while let Some(Reverse(thing)) = self.ready.pop() {
                order.push(thing);
                for constraint in std::mem::take(&mut self.by_earlier[thing as usize]) {
                    self.release(constraint);
                }
            }
            if order.len() == self.waiting.len() {
                return order;
            }
            let weakest = self.weakest_of_a_circle();
            self.release(weakest);
        }
    }

    /// Lets nobody wait for a constraint any more.
    fn release(&mut self, constraint: u32) {
        if std::mem::replace(&mut self.holds[constraint as usize], false) {
            let later = self.all[constraint as usize].later;
            self.waiting[later as usize] -= 1;
            if self.waiting[later as usize] == 0 {
                self.ready.push(Reverse(later));
            }
        }
    }

    /// Returns the weakest constraint of one circle. Only called when all that is left waits for each other.
    fn weakest_of_a_circle(&mut self) -> u32 {
        while self.waiting[self.next as usize] == 0 {
            self.next += 1;
        }
        let mut at = self.next;
        let mut path: Vec<u32> = Vec::new();
        let mut seen: BTreeMap<u32, usize> = BTreeMap::new();
        // Everything that is left waits for something that is left, so going back along constraints must close.
        while !seen.contains_key(&at) {
            seen.insert(at, path.len());
            let mut waits_for = self.by_later[at as usize].iter().copied();
            let Some(constraint) = waits_for.find(|constraint| self.holds[*constraint as usize]) else {
                break;
            };
            path.push(constraint);
            at = self.all[constraint as usize].earlier;
        }
        let circle = &path[seen.get(&at).copied().unwrap_or(0)..];
        let strength = |constraint: &u32| self.all[*constraint as usize].strength;
        circle.iter().copied().min_by_key(strength).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::Strength::{Must, Should, Wish};
    use super::*;

    fn sequence(count: usize, constraints: &[(u32, u32, Strength)]) -> Vec<(u32, Vec<u32>)> {
        let mut all = Constraints::new(count);
        for (later, earlier, strength) in constraints {
            all.add(*later, *earlier, *strength);
        }
        all.sequence()
    }

    #[test]
    fn without_contradiction_every_constraint_holds() {
        let order = sequence(3, &[(0, 1, Must), (1, 2, Wish)]);
        assert_eq!(order, [(2, vec![]), (1, vec![0]), (0, vec![1])]);
    }

    #[test]
    fn the_weaker_of_two_contradicting_constraints_is_turned_round() {
        let order = sequence(2, &[(0, 1, Wish), (1, 0, Should)]);
        assert_eq!(order, [(0, vec![]), (1, vec![0])]);
        let order = sequence(2, &[(0, 1, Must), (1, 0, Should)]);
        assert_eq!(order, [(1, vec![]), (0, vec![0])]);
    }

    #[test]
    fn a_circle_of_equals_still_ends() {
        let order = sequence(3, &[(0, 1, Should), (1, 2, Should), (2, 0, Should)]);
        assert_eq!(
            order.iter().map(|(thing, _)| *thing).collect::<Vec<_>>(),
            [0, 2, 1]
        );
        assert_eq!(order[2].1, [0, 1]);
    }

    #[test]
    fn what_only_waits_for_a_circle_keeps_its_place() {
        let order = sequence(3, &[(0, 1, Should), (1, 2, Should), (2, 1, Should)]);
        assert_eq!(
            order.iter().map(|(thing, _)| *thing).collect::<Vec<_>>(),
            [1, 0, 2]
        );
    }
}
