//! A thousand seeds: whatever happens, nothing is lost, and everything ends where it would have anyway.
//!
//! They are spread over several tests, because a test has one processor.

use std::ops::Range;

use infra_tests::simulation::story::{StoryRequest, tell};
use infra_tests::simulation::tally::Tally;

/// Lines of the trace that are shown of a failure.
const TAIL: usize = 80;

fn all_invariants_hold(seeds: Range<u64>) {
    let mut tally = Tally::default();
    for seed in seeds {
        let told = tell(&StoryRequest::of(seed)).expect("the machine gives a folder");
        tally.add(&told.tally);
        if let Err(violation) = told.verdict {
            let tail = &told.trace[told.trace.len().saturating_sub(TAIL)..];
            panic!(
                "{}\n\nseed {seed}: {violation}\nReplay it with: make sim SEED={seed}",
                tail.join("\n")
            );
        }
    }
    assert!(
        tally.crashes > 200 && tally.pauses > 20,
        "too little was tried:\n{tally}"
    );
    assert!(tally.faults.len() > 15, "too few sorts of faults:\n{tally}");
}

#[test]
fn whatever_happens_nothing_is_lost_1() {
    all_invariants_hold(0..250);
}

#[test]
fn whatever_happens_nothing_is_lost_2() {
    all_invariants_hold(250..500);
}

#[test]
fn whatever_happens_nothing_is_lost_3() {
    all_invariants_hold(500..750);
}

#[test]
fn whatever_happens_nothing_is_lost_4() {
    all_invariants_hold(750..1000);
}

#[test]
fn a_seed_gives_the_same_trace_twice() {
    for seed in 0..20 {
        let request = StoryRequest::of(seed);
        let (first, second) = (tell(&request).unwrap(), tell(&request).unwrap());
        assert!(first.trace.len() > 100, "{:?}", first.trace);
        assert_eq!(first.trace, second.trace, "seed {seed}");
    }
}

#[test]
fn different_seeds_tell_different_stories() {
    let digests: std::collections::BTreeSet<String> = (0..20)
        .map(|seed| tell(&StoryRequest::of(seed)).unwrap().digest().to_string())
        .collect();
    assert_eq!(digests.len(), 20);
}
