//! How limits follow what calls say, round by round.

use super::*;

const POLICY: ConcurrencyPolicy = ConcurrencyPolicy {
    initial: 4,
    maximum: 32,
};

fn enter(limits: &mut Limits) -> Option<Slot> {
    limits.has_room("api").then(|| limits.enter("api"))
}

/// Fills the group and lets all its calls end alike, a few times; returns the limit after each round.
fn rounds(limits: &mut Limits, end: CallEnd, count: usize) -> Vec<u32> {
    (0..count)
        .map(|_| {
            let slots: Vec<Slot> = std::iter::from_fn(|| enter(limits)).collect();
            slots.into_iter().for_each(|slot| limits.leave(slot, end));
            limits.limit("api")
        })
        .collect()
}

#[test]
fn no_more_calls_run_than_the_limit_allows() {
    let mut limits = Limits::new(POLICY);
    let slots: Vec<Slot> = std::iter::from_fn(|| enter(&mut limits)).collect();
    assert_eq!(slots.len(), 4);
    assert!(limits.has_room("another api"));
    let mut slots = slots.into_iter();
    limits.leave(slots.next().unwrap(), CallEnd::Silent);
    assert!(limits.has_room("api"));
}

#[test]
fn a_throttled_round_halves_the_limit_once_and_never_below_one() {
    let mut limits = Limits::new(ConcurrencyPolicy {
        initial: 32,
        maximum: 32,
    });
    assert_eq!(rounds(&mut limits, CallEnd::Throttled, 7), [16, 8, 4, 2, 1, 1, 1]);
}

#[test]
fn before_the_first_throttle_the_limit_doubles_per_round() {
    let mut limits = Limits::new(POLICY);
    assert_eq!(rounds(&mut limits, CallEnd::Taken, 4), [8, 16, 32, 32]);
}

/// Fills the group and lets the API refuse what is beyond its capacity; returns how many calls it refused.
fn round_at(limits: &mut Limits, capacity: usize) -> usize {
    let mut slots: Vec<Slot> = std::iter::from_fn(|| enter(limits)).collect();
    let refused = slots.split_off(capacity.min(slots.len()));
    let count = refused.len();
    refused
        .into_iter()
        .for_each(|slot| limits.leave(slot, CallEnd::Throttled));
    slots
        .into_iter()
        .for_each(|slot| limits.leave(slot, CallEnd::Taken));
    count
}

#[test]
fn a_throttle_lowers_the_limit_to_what_the_api_goes_on_with() {
    let mut limits = Limits::new(ConcurrencyPolicy {
        initial: 10,
        maximum: 64,
    });
    let mut slots: Vec<Slot> = std::iter::from_fn(|| enter(&mut limits)).collect();
    for slot in slots.split_off(7) {
        limits.leave(slot, CallEnd::Throttled);
    }
    assert_eq!((limits.limit("api"), slots.len()), (7, 7));
}

#[test]
fn what_was_refused_is_seldom_asked_for_again() {
    let mut limits = Limits::new(POLICY);
    let refused: usize = (0..10).map(|_| round_at(&mut limits, 9)).sum();
    assert!(refused < 12, "{refused} refused while the limit is found");
    let refused: usize = (0..500).map(|_| round_at(&mut limits, 9)).sum();
    assert!((4..12).contains(&refused), "{refused} refused in 500 rounds of 9");
    assert!((9..=10).contains(&limits.limit("api")));
}

#[test]
fn a_throttle_that_has_ended_is_forgotten() {
    let mut limits = Limits::new(POLICY);
    (0..100).for_each(|_| _ = round_at(&mut limits, 2));
    assert!(limits.limit("api") <= 3);
    let after: Vec<u32> = (0..200)
        .map(|_| {
            round_at(&mut limits, usize::MAX);
            limits.limit("api")
        })
        .collect();
    assert!(after[15] <= 4, "with care at first: {after:?}");
    assert_eq!(after.last(), Some(&32), "{after:?}");
}

#[test]
fn a_full_group_under_steady_load_reaches_the_maximum() {
    let mut limits = Limits::new(POLICY);
    let mut running: std::collections::VecDeque<Slot> = std::iter::from_fn(|| enter(&mut limits)).collect();
    for _ in 0..200 {
        limits.leave(running.pop_front().unwrap(), CallEnd::Taken);
        running.extend(std::iter::from_fn(|| enter(&mut limits)));
    }
    assert_eq!((limits.limit("api"), running.len()), (32, 32));
}

#[test]
fn an_unused_limit_does_not_grow() {
    let mut limits = Limits::new(POLICY);
    for _ in 0..100 {
        let slot = enter(&mut limits).unwrap();
        limits.leave(slot, CallEnd::Taken);
    }
    assert_eq!(limits.limit("api"), 4);
}

#[test]
fn calls_that_are_tried_again_go_before_new_ones() {
    let mut limits = Limits::new(ConcurrencyPolicy {
        initial: 1,
        maximum: 1,
    });
    let slot = enter(&mut limits).unwrap();
    limits.leave(slot, CallEnd::Throttled);
    limits.wait("api");
    assert!(enter(&mut limits).is_none());
    let again = limits.enter_again("api").unwrap();
    assert!(limits.enter_again("api").is_none());
    limits.leave(again, CallEnd::Taken);
    assert!(limits.has_room("api"));
    limits.wait("api");
    limits.give_up("api");
    assert!(limits.has_room("api"));
}

#[test]
fn a_group_is_the_provider_and_its_service() {
    let address: Address = "postgres.main/aws.rds.instance.primary".parse().unwrap();
    assert_eq!(group_of(&address), "aws.rds");
}
