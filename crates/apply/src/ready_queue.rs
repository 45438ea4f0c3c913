//! The ready queue: which step may begin next. Plain data, so its order is tested without async.
//!
//! A run lasts at least as long as its longest path, so whoever stands at the head of the longest remaining one
//! begins first. Steps that compete for the same API form a lane; a lane without room never holds up another.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use infra_model::plan::StepId;

/// A step as the queue sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedStep {
    /// Its place in the plan.
    pub id: StepId,
    /// Steps that must be done before it.
    pub after: Vec<StepId>,
    /// How long it will probably take.
    pub estimate_ms: u64,
    /// What it competes for.
    pub lane: String,
}

/// A step waits for one that does not come before it, so that no order exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Step {} of the plan waits for a step that does not come before it", step.0)]
pub struct OutOfOrder {
    /// The step.
    pub step: StepId,
}

/// Hands out steps whose needs are done, the longest remaining path first.
#[derive(Debug)]
pub struct ReadyQueue {
    entries: Vec<Entry>,
    lanes: Vec<Lane>,
}

#[derive(Debug)]
struct Entry {
    users: Vec<usize>,
    waits_for: usize,
    path_ms: u64,
    lane: usize,
    status: Status,
}

#[derive(Debug)]
struct Lane {
    name: String,
    ready: BTreeSet<(Reverse<u64>, usize)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Waiting,
    Ready,
    Taken,
    Finished,
    Failed,
    Skipped,
}

impl ReadyQueue {
    /// Returns the queue of these steps; those that wait for nothing are ready.
    ///
    /// # Errors
    ///
    /// When a step's id is not its place, or it waits for one that does not come before it.
    pub fn new(steps: impl IntoIterator<Item = QueuedStep>) -> Result<Self, OutOfOrder> {
        let mut queue = ReadyQueue {
            entries: Vec::new(),
            lanes: Vec::new(),
        };
        let mut lanes: BTreeMap<String, usize> = BTreeMap::new();
        for step in steps {
            let at = queue.entries.len();
            let after: BTreeSet<usize> = step.after.iter().map(|id| id.0 as usize).collect();
            if step.id.0 as usize != at || after.last().is_some_and(|last| *last >= at) {
                return Err(OutOfOrder { step: step.id });
            }
            after.iter().for_each(|need| queue.entries[*need].users.push(at));
            let lane = *lanes.entry(step.lane).or_insert_with_key(|name| {
                queue.lanes.push(Lane {
                    name: name.clone(),
                    ready: BTreeSet::new(),
                });
                queue.lanes.len() - 1
            });
            queue.entries.push(Entry {
                users: Vec::new(),
                waits_for: after.len(),
                // A step of unknown duration still counts: of two paths the one with more steps is longer.
                path_ms: step.estimate_ms.max(1),
                lane,
                status: Status::Waiting,
            });
        }
        queue.measure_paths();
        for at in 0..queue.entries.len() {
            queue.release_if_ready(at);
        }
        Ok(queue)
    }

    fn measure_paths(&mut self) {
        for at in (0..self.entries.len()).rev() {
            let users = self.entries[at].users.iter();
            let longest = users.map(|user| self.entries[*user].path_ms).max();
            let path = &mut self.entries[at].path_ms;
            *path = path.saturating_add(longest.unwrap_or(0));
        }
    }

    fn release_if_ready(&mut self, at: usize) {
        let entry = &mut self.entries[at];
        if entry.status == Status::Waiting && entry.waits_for == 0 {
            entry.status = Status::Ready;
            self.lanes[entry.lane].ready.insert((Reverse(entry.path_ms), at));
        }
    }

    /// Takes the ready step with the longest remaining path among the lanes that have room.
    ///
    /// Among equals the one that comes first in the plan. Nothing if no step is ready or no lane has room.
    pub fn take(&mut self, has_room: impl Fn(&str) -> bool) -> Option<StepId> {
        let heads = self
            .lanes
            .iter()
            .enumerate()
            .filter_map(|(lane, of)| Some((*of.ready.first()?, lane)));
        let roomy = heads.filter(|(_, lane)| has_room(&self.lanes[*lane].name));
        let (head, lane) = roomy.min()?;
        self.lanes[lane].ready.remove(&head);
        self.entries[head.1].status = Status::Taken;
        Some(id(head.1))
    }

    /// Marks a taken step as done; steps that waited only for it become ready.
    pub fn finish(&mut self, step: StepId) {
        let at = step.0 as usize;
        debug_assert_eq!(self.entries[at].status, Status::Taken);
        self.entries[at].status = Status::Finished;
        for user in self.entries[at].users.clone() {
            self.entries[user].waits_for -= 1;
            self.release_if_ready(user);
        }
    }

    /// Marks a taken step as failed and returns everything that now can never begin, in the order of the plan.
    ///
    /// A step behind two failures is returned once, with the first.
    pub fn fail(&mut self, step: StepId) -> Vec<StepId> {
        let at = step.0 as usize;
        debug_assert_eq!(self.entries[at].status, Status::Taken);
        self.entries[at].status = Status::Failed;
        let mut skipped = BTreeSet::new();
        let mut open = self.entries[at].users.clone();
        while let Some(user) = open.pop() {
            if self.entries[user].status == Status::Waiting {
                self.entries[user].status = Status::Skipped;
                skipped.insert(user);
                open.extend(&self.entries[user].users);
            }
        }
        skipped.into_iter().map(id).collect()
    }

    /// Returns the steps that were neither taken nor skipped, in the order of the plan.
    #[must_use]
    pub fn untouched(&self) -> Vec<StepId> {
        let untouched = |entry: &Entry| matches!(entry.status, Status::Waiting | Status::Ready);
        let places = self.entries.iter().enumerate();
        places
            .filter(|(_, entry)| untouched(entry))
            .map(|(at, _)| id(at))
            .collect()
    }

    /// Returns the length of the longest remaining path that begins with this step, the step included.
    #[must_use]
    pub fn remaining_ms(&self, step: StepId) -> u64 {
        self.entries[step.0 as usize].path_ms
    }
}

fn id(at: usize) -> StepId {
    StepId(u32::try_from(at).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests;
