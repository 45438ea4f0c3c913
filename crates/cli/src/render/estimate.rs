//! How long the rest of a run will probably take.

use std::collections::BTreeMap;
use std::time::Duration;

use infra_model::plan::{Plan, StepId};

/// Returns the length of the longest chain of steps: nothing ends sooner, however many run at once.
pub(crate) fn critical_path(plan: &Plan) -> Duration {
    Duration::from_millis(tails(plan).into_iter().max().unwrap_or(0))
}

/// What is left of a plan.
#[derive(Clone, Debug, Default)]
pub(crate) struct Remaining {
    /// Of each step, the longest chain from its beginning to the end of the plan.
    tails_ms: Vec<u64>,
    estimates_ms: Vec<u64>,
    /// The sum of the estimates of all steps that have not ended.
    work_ms: u64,
}

impl Remaining {
    /// Returns all of a plan.
    pub(crate) fn of(plan: &Plan) -> Self {
        let estimates_ms: Vec<u64> = plan.steps.iter().map(|step| step.estimate_ms).collect();
        Remaining {
            tails_ms: tails(plan),
            work_ms: estimates_ms.iter().sum(),
            estimates_ms,
        }
    }

    /// Takes a step that ended away.
    pub(crate) fn end(&mut self, step: StepId) {
        let estimate = self.estimates_ms.get(step.0 as usize).copied().unwrap_or(0);
        self.work_ms = self.work_ms.saturating_sub(estimate);
    }

    /// Returns the time left, by the steps that run and for how long they have: the longest chain behind any of
    /// them, or the work left shared among as many as run now, whichever is more.
    pub(crate) fn left(&self, running: &BTreeMap<StepId, Duration>) -> Duration {
        let ms = |duration: &Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let tail = |(step, ran): (&StepId, &Duration)| {
            let tail = self.tails_ms.get(step.0 as usize).copied().unwrap_or(0);
            let own = self.estimates_ms.get(step.0 as usize).copied().unwrap_or(0);
            // A step that takes longer than usual does not shorten what comes after it.
            tail - own.min(ms(ran))
        };
        let longest = running.iter().map(tail).max().unwrap_or(0);
        let ran: u64 = running.values().map(ms).sum();
        let shared = self.work_ms.saturating_sub(ran) / running.len().max(1) as u64;
        Duration::from_millis(longest.max(shared))
    }
}

/// A step comes after all those that it waits for, so one pass from the end suffices.
fn tails(plan: &Plan) -> Vec<u64> {
    let mut behind = vec![0_u64; plan.steps.len()];
    let mut tails = vec![0_u64; plan.steps.len()];
    for (at, step) in plan.steps.iter().enumerate().rev() {
        tails[at] = behind[at] + step.estimate_ms;
        for before in &step.after {
            if let Some(longest) = behind.get_mut(before.0 as usize) {
                *longest = (*longest).max(tails[at]);
            }
        }
    }
    tails
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::plan::tests::{plan, step};

    #[test]
    fn what_is_left_is_the_longest_chain_or_the_shared_work() {
        let mut plan = plan();
        plan.steps = vec![
            step(0, "a", &[], 1000),
            step(1, "b", &[0], 4000),
            step(2, "c", &[], 2000),
            step(3, "d", &[], 9000),
        ];
        let seconds = |seconds| Duration::from_secs(seconds);
        assert_eq!(critical_path(&plan), seconds(9));
        let mut left = Remaining::of(&plan);
        let running = |steps: &[(u32, u64)]| {
            let running = steps.iter().map(|(step, ran)| (StepId(*step), seconds(*ran)));
            left.left(&running.collect())
        };
        assert_eq!(running(&[(0, 0)]), seconds(16), "one after the other");
        assert_eq!(running(&[(0, 0), (3, 0)]), seconds(9), "the longest chain");
        assert_eq!(running(&[(0, 5), (3, 4)]), seconds(5), "no less for what is late");
        for step in [0, 2, 3] {
            left.end(StepId(step));
        }
        assert_eq!(left.left(&BTreeMap::from([(StepId(1), seconds(1))])), seconds(3));
    }
}
