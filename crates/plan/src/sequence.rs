//! Orders things by constraints of different strength, without ever failing.
//!
//! Most of the order of a plan has to hold; some of it is only better. Recorded needs can contradict each other,
//! because each record is as old as its last change, so an order that insisted on all of them could not exist.

use std::collections::BTreeSet;

/// How strongly one thing has to come before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strength {
    /// Always: the later one would fail. These never form a circle.
    Must = 0,
    /// Unless it contradicts a stronger one.
    Should = 1,
    /// Unless it contradicts any other.
    Wish = 2,
}

/// Things by number, and what has to come before what.
#[derive(Debug)]
pub(crate) struct Constraints {
    after: Vec<Vec<(u32, Strength)>>,
}

impl Constraints {
    /// Returns constraints on that many things, none at first.
    pub(crate) fn new(count: usize) -> Self {
        Constraints {
            after: vec![Vec::new(); count],
        }
    }

    /// Makes `later` come after `earlier`.
    pub(crate) fn add(&mut self, later: u32, earlier: u32, strength: Strength) {
        if later != earlier {
            self.after[later as usize].push((earlier, strength));
        }
    }

    /// Returns all things in order, each with the places in that order of those before it.
    ///
    /// A constraint that had to give way is turned round, so that the two are never done at once. Among equals the
    /// lower number comes first.
    pub(crate) fn sequence(&self) -> Vec<(u32, Vec<u32>)> {
        let order = self.order();
        let mut place = vec![0_u32; order.len()];
        for (at, thing) in order.iter().enumerate() {
            place[*thing as usize] = at as u32;
        }
        let mut before: Vec<Vec<u32>> = vec![Vec::new(); order.len()];
        for (later, earlier) in self.after.iter().enumerate() {
            for (earlier, _) in earlier {
                let (later, earlier) = (place[later], place[*earlier as usize]);
                before[later.max(earlier) as usize].push(later.min(earlier));
            }
        }
        for before in &mut before {
            before.sort_unstable();
            before.dedup();
        }
        order.into_iter().zip(before).collect()
    }

    fn order(&self) -> Vec<u32> {
        let count = self.after.len();
        let mut followers: Vec<Vec<(u32, Strength)>> = vec![Vec::new(); count];
        let mut waiting = vec![[0_u32; 3]; count];
        for (later, earlier) in self.after.iter().enumerate() {
            for (earlier, strength) in earlier {
                followers[*earlier as usize].push((later as u32, *strength));
                waiting[later][*strength as usize] += 1;
            }
        }
        let mut ready = Ready::default();
        (0..count).for_each(|thing| ready.put(thing as u32, waiting[thing]));
        let mut done = vec![false; count];
        let mut order = Vec::with_capacity(count);
        while let Some(thing) = ready.take() {
            done[thing as usize] = true;
            order.push(thing);
            for (follower, strength) in &followers[thing as usize] {
                let waiting = &mut waiting[*follower as usize];
                let before = *waiting;
                waiting[*strength as usize] -= 1;
                if !done[*follower as usize] {
                    ready.remove(*follower, before);
                    ready.put(*follower, *waiting);
                }
            }
        }
        order
    }
}

/// Things that could come next, by what they would still have to ignore: nothing, wishes, or more.
#[derive(Debug, Default)]
struct Ready([BTreeSet<u32>; 3]);

impl Ready {
    fn level(waiting: [u32; 3]) -> Option<usize> {
        match waiting {
            [0, 0, 0] => Some(0),
            [0, 0, _] => Some(1),
            [0, ..] => Some(2),
            _ => None,
        }
    }

    fn put(&mut self, thing: u32, waiting: [u32; 3]) {
        if let Some(level) = Ready::level(waiting) {
            self.0[level].insert(thing);
        }
    }

    fn remove(&mut self, thing: u32, waiting: [u32; 3]) {
        if let Some(level) = Ready::level(waiting) {
            self.0[level].remove(&thing);
        }
    }

    fn take(&mut self) -> Option<u32> {
        self.0.iter_mut().find_map(BTreeSet::pop_first)
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
}
