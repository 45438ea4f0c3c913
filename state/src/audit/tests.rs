//! Every way to tamper with a history or its records, and what is said of it.

use insta::assert_snapshot;

use super::*;
use crate::archive::{self, Archive};
use crate::conformance::SharedStore;
use crate::conformance::sample::{begin, commit, key, put};
use crate::stores::memory::MemoryStore;
use infra_model::journal::RecordChange;

/// Returns a state after six changes: three records made, one changed twice, one removed.
async fn archive() -> Archive {
    let store: SharedStore = std::sync::Arc::new(MemoryStore::new());
    let epoch = begin(&store).await;
    for (name, size) in [("a", 1), ("b", 2), ("c", 3), ("a", 4), ("a", 5)] {
        store.commit(epoch, &put(name, size)).await.unwrap();
    }
    let removal = commit([RecordChange::Remove(key("c"))]);
    store.commit(epoch, &removal).await.unwrap();
    archive::take(&*store).await.unwrap().unwrap()
}

fn check(archive: &Archive, kept: Option<Digest>) -> Result<Audited, AuditError> {
    audit(&archive.state, &archive.history, kept)
}

/// Returns what is said of a history that was tampered with.
async fn complaint(tamper: impl FnOnce(&mut Archive)) -> String {
    let mut archive = archive().await;
    tamper(&mut archive);
    check(&archive, None)
        .expect_err("it was tampered with")
        .to_string()
}

/// Chains all entries anew, as somebody does who can write to the store.
fn forge(entries: &mut [HistoryEntry]) {
    let mut previous = history::start();
    for entry in entries {
        entry.previous = previous;
        previous = Digest::of(&history::bytes(entry).unwrap());
    }
}

#[tokio::test]
async fn an_honest_history_holds_and_its_tip_stands_for_it() {
    let archive = archive().await;
    let audited = check(&archive, None).unwrap();
    assert_eq!((audited.entries, audited.records, audited.kept), (6, 2, None));
    let tips = archive
        .history
        .iter()
        .map(|entry| Digest::of(&history::bytes(entry).unwrap()));
    let tips: Vec<Digest> = tips.collect();
    assert_eq!(audited.tip, tips[5]);
    let before = check(&archive, Some(history::start())).unwrap().kept;
    assert_eq!(
        before,
        Some(Serial(0)),
        "nothing was written yet when it was kept"
    );
    for (at, tip) in tips.into_iter().enumerate() {
        let kept = check(&archive, Some(tip)).unwrap().kept;
        assert_eq!(kept, Some(Serial(at as u64 + 1)), "the history went on since");
    }
}

#[tokio::test]
async fn a_state_without_changes_holds() {
    let store: SharedStore = std::sync::Arc::new(MemoryStore::new());
    begin(&store).await;
    let archive = archive::take(&*store).await.unwrap().unwrap();
    let audited = check(&archive, None).unwrap();
    assert_eq!((audited.entries, audited.tip), (0, history::start()));
    // A tip of before the first change is one that somebody may have kept.
    assert_eq!(check(&archive, Some(audited.tip)).unwrap().kept, Some(Serial(0)));
}

#[tokio::test]
async fn an_altered_entry_is_named() {
    let altered = complaint(|archive| archive.history[2].operation.who = "mallory".to_owned());
    assert_snapshot!(altered.await, @"The history breaks between entries 3 and 4: one of them is not what was written");
    let backdated = complaint(|archive| archive.history[0].at = Timestamp::from_millis(1));
    assert_snapshot!(backdated.await, @"The history breaks between entries 1 and 2: one of them is not what was written");
}

#[tokio::test]
async fn a_dropped_entry_is_named() {
    assert_snapshot!(complaint(|archive| drop(archive.history.remove(3))).await, @"The history has 5 where 4 must follow");
    assert_snapshot!(complaint(|archive| drop(archive.history.remove(0))).await, @"The history begins with entry 2, not with entry 1");
    assert_snapshot!(complaint(|archive| drop(archive.history.pop())).await, @"The history ends with entry 5, and the state is at 6");
}

#[tokio::test]
async fn reordered_entries_are_named() {
    assert_snapshot!(complaint(|archive| archive.history.swap(1, 4)).await, @"The history has 5 where 2 must follow");
    // Renumbered, so that only the chain tells.
    let renumbered = complaint(|archive| {
        archive.history.swap(1, 4);
        (archive.history[1].serial, archive.history[4].serial) = (Serial(2), Serial(5));
    });
    assert_snapshot!(renumbered.await, @"The history breaks between entries 1 and 2: one of them is not what was written");
}

#[tokio::test]
async fn an_entry_that_was_put_in_is_named() {
    let inserted = complaint(|archive| {
        let copy = archive.history[5].clone();
        archive.history.push(copy);
    });
    assert_snapshot!(inserted.await, @"The history has 6 where 7 must follow");
}

#[tokio::test]
async fn a_record_that_the_history_does_not_lead_to_is_named() {
    let other = |archive: &mut Archive, from: &str, to: &str| {
        let entry = archive.state.records[&key(from)].clone();
        archive.state.records.insert(key(to), entry);
    };
    assert_snapshot!(complaint(|archive| other(archive, "b", "a")).await, @"The record of `postgres.a/sim.postgres.server.primary` is not what entry 5 wrote");
    assert_snapshot!(complaint(|archive| other(archive, "b", "d")).await, @"`postgres.d/sim.postgres.server.primary` is recorded, and no entry wrote it");
    assert_snapshot!(complaint(|archive| other(archive, "b", "c")).await, @"`postgres.c/sim.postgres.server.primary` is recorded, and entry 6 removed it");
    assert_snapshot!(complaint(|archive| drop(archive.state.records.remove(&key("b")))).await, @"The record of `postgres.b/sim.postgres.server.primary` is missing, which entry 2 wrote");
}

#[tokio::test]
async fn a_forged_chain_contradicts_the_records_or_the_digest_that_was_kept() {
    let honest = archive().await;
    let kept = history::tip(&honest.history).unwrap();
    let forged = complaint(|archive| {
        archive.history[4].changes[0].after = None;
        forge(&mut archive.history);
    });
    assert_snapshot!(forged.await, @"`postgres.a/sim.postgres.server.primary` is recorded, and entry 5 removed it");

    let mut forged = honest.clone();
    forged.history[0].operation.who = "mallory".to_owned();
    forge(&mut forged.history);
    check(&forged, None).expect("by itself a forged chain holds");
    let caught = check(&forged, Some(kept)).expect_err("somebody has kept the digest");
    let caught = caught.to_string().replace(&kept.to_string(), "[kept]");
    assert_snapshot!(caught, @"No entry has the digest [kept]: the history was rewritten since it was kept");
}
