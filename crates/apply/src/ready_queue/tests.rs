//! The order in which steps are handed out.

use super::*;

fn step(id: u32, after: &[u32], estimate_ms: u64) -> QueuedStep {
    QueuedStep {
        id: StepId(id),
        after: after.iter().map(|id| StepId(*id)).collect(),
        estimate_ms,
        lane: "one".to_owned(),
    }
}

fn in_lane(step: QueuedStep, lane: &str) -> QueuedStep {
    QueuedStep {
        lane: lane.to_owned(),
        ..step
    }
}

fn take_all(queue: &mut ReadyQueue) -> Vec<u32> {
    std::iter::from_fn(|| queue.take(|_| true))
        .map(|id| id.0)
        .collect()
}

#[test]
fn the_longest_remaining_path_begins_first() {
    // 1 is short itself, but a long one waits for it.
    let steps = [
        step(0, &[], 50),
        step(1, &[], 1),
        step(2, &[1], 100),
        step(3, &[], 20),
    ];
    let mut queue = ReadyQueue::new(steps).unwrap();
    assert_eq!(queue.remaining_ms(StepId(1)), 101);
    assert_eq!(take_all(&mut queue), [1, 0, 3]);
}

#[test]
fn among_equals_the_first_of_the_plan_begins() {
    let mut queue = ReadyQueue::new((0..4).map(|id| step(id, &[], 0))).unwrap();
    assert_eq!(take_all(&mut queue), [0, 1, 2, 3]);
}

#[test]
fn a_step_is_ready_once_all_its_needs_are_done() {
    let steps = [step(0, &[], 2), step(1, &[], 1), step(2, &[0, 1, 1], 1)];
    let mut queue = ReadyQueue::new(steps).unwrap();
    assert_eq!(take_all(&mut queue), [0, 1]);
    queue.finish(StepId(0));
    assert_eq!(take_all(&mut queue), [] as [u32; 0]);
    queue.finish(StepId(1));
    assert_eq!(take_all(&mut queue), [2]);
}

#[test]
fn everything_behind_a_failure_is_skipped_once() {
    // 0 and 1 both fail; 3 stands behind both, 4 behind 3, 5 behind neither.
    let steps = [
        step(0, &[], 1),
        step(1, &[], 1),
        step(2, &[0], 1),
        step(3, &[1, 2], 1),
        step(4, &[3], 1),
        step(5, &[], 1),
    ];
    let mut queue = ReadyQueue::new(steps).unwrap();
    assert_eq!(take_all(&mut queue), [0, 1, 5]);
    assert_eq!(queue.fail(StepId(0)), [StepId(2), StepId(3), StepId(4)]);
    assert_eq!(queue.fail(StepId(1)), []);
    queue.finish(StepId(5));
    assert_eq!(queue.untouched(), []);
}

#[test]
fn a_lane_without_room_does_not_hold_up_another() {
    let steps = [
        in_lane(step(0, &[], 100), "full"),
        in_lane(step(1, &[], 1), "free"),
    ];
    let mut queue = ReadyQueue::new(steps).unwrap();
    assert_eq!(queue.take(|lane| lane == "free"), Some(StepId(1)));
    assert_eq!(queue.take(|lane| lane == "free"), None);
    assert_eq!(queue.untouched(), [StepId(0)]);
    assert_eq!(queue.take(|_| true), Some(StepId(0)));
}

#[test]
fn steps_that_wait_for_later_ones_are_refused() {
    assert_eq!(
        ReadyQueue::new([step(0, &[0], 1)]).unwrap_err(),
        OutOfOrder { step: StepId(0) }
    );
    assert_eq!(
        ReadyQueue::new([step(0, &[1], 1), step(1, &[], 1)]).unwrap_err(),
        OutOfOrder { step: StepId(0) }
    );
    assert_eq!(
        ReadyQueue::new([step(1, &[], 1)]).unwrap_err(),
        OutOfOrder { step: StepId(1) }
    );
}

#[test]
fn a_hundred_thousand_steps_are_handed_out_without_delay() {
    let steps = (0..100_000).map(|at| {
        let after: &[u32] = if at < 10 { &[] } else { &[at - 10] };
        in_lane(
            step(at, after, u64::from(at % 7)),
            if at % 2 == 0 { "even" } else { "odd" },
        )
    });
    let mut queue = ReadyQueue::new(steps).unwrap();
    let mut seen = 0;
    while let Some(id) = queue.take(|_| true) {
        queue.finish(id);
        seen += 1;
    }
    assert_eq!(seen, 100_000);
}
