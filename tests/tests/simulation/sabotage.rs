//! The simulation can fail: whatever is broken on purpose is found, by the invariant that it breaks.

use std::collections::BTreeSet;

use infra_tests::simulation::invariant::Invariant;
use infra_tests::simulation::sabotage::Sabotage;
use infra_tests::simulation::story::{StoryRequest, tell};

/// How many seeds may pass before a broken protocol is noticed.
const SEEDS: u64 = 40;

/// Returns the invariants that a broken protocol breaks within the seeds, at most one a seed.
fn broken_by(sabotage: Sabotage) -> BTreeSet<Invariant> {
    let verdict = |seed| {
        let request = StoryRequest {
            sabotage: Some(sabotage),
            ..StoryRequest::of(seed)
        };
        tell(&request).expect("the machine gives a folder").verdict
    };
    let found = (0..SEEDS).filter_map(|seed| verdict(seed).err());
    found.map(|violation| violation.invariant).collect()
}

#[track_caller]
fn assert_breaks(sabotage: Sabotage, invariant: Invariant) {
    let broken = broken_by(sabotage);
    assert!(broken.contains(&invariant), "{sabotage:?} breaks {broken:?}");
}

#[test]
fn an_engine_that_writes_no_intents_loses_objects() {
    assert_breaks(Sabotage::SkipIntents, Invariant::NothingLost);
}

#[test]
fn an_engine_that_takes_no_answer_for_no_effect_loses_objects() {
    assert_breaks(Sabotage::CloseUnknown, Invariant::NothingLost);
}

#[test]
fn an_engine_that_does_not_look_before_it_creates_again_loses_objects() {
    assert_breaks(Sabotage::NeverLook, Invariant::NothingLost);
}

#[test]
fn a_store_without_fences_lets_a_paused_engine_write() {
    assert_breaks(Sabotage::NoFence, Invariant::Fenced);
}

#[test]
fn a_secret_in_a_record_is_seen() {
    assert_breaks(Sabotage::LeakIntoRecord, Invariant::SecretsSealed);
}

#[test]
fn a_secret_in_an_error_is_seen() {
    assert_breaks(Sabotage::LeakIntoError, Invariant::SecretsSealed);
}

#[test]
fn a_deletion_that_was_not_done_is_missed() {
    assert_breaks(Sabotage::PretendDelete, Invariant::NothingLost);
}

#[test]
fn an_update_that_was_not_done_ends_elsewhere() {
    assert_breaks(Sabotage::PretendUpdate, Invariant::SameEnd);
}

#[test]
fn a_store_that_loses_what_it_has_promised_to_keep_loses_objects() {
    assert_breaks(Sabotage::LoseCommits, Invariant::NothingLost);
}

#[test]
fn a_history_that_lacks_an_entry_does_not_verify() {
    assert_breaks(Sabotage::CutHistory, Invariant::HistoryVerifies);
}
