//! States that go from one store to another: of the copies at most one is in force.

use std::sync::Arc;

use infra_model::journal::{Commit, Epoch, Relocation};
use infra_model::record::Serial;

use crate::archive::{self, Archive};
use crate::conformance::records::state;
use crate::conformance::sample::{at, begin, commit, intent, key, put, take};
use crate::conformance::{OpenStore, SharedStore};
use crate::contract::{Standing, StoreError};
use crate::history::verify_chain;
use crate::stores::memory::MemoryStore;

/// Returns the commit that says that the state moves.
fn relocation() -> Commit {
    Commit {
        relocation: Some(Relocation {
            from: "here".to_owned(),
            to: "there".to_owned(),
        }),
        ..commit([])
    }
}

fn moved() -> Standing {
    Standing::Moved {
        to: "there".to_owned(),
    }
}

/// Returns a state of so many records as it arrives from elsewhere.
async fn arriving(records: i64) -> Archive {
    let origin: SharedStore = Arc::new(MemoryStore::new());
    let epoch = begin(&origin).await;
    for size in 0..records {
        let name = format!("r{size}");
        origin.commit(epoch, &put(&name, size)).await.expect("commit");
    }
    let mut archive = archive::take(&*origin).await.expect("take").expect("a state");
    archive.state.standing = Standing::Arriving {
        from: "here".to_owned(),
    };
    archive
}

/// Checks that nothing is written to a state that is not in force.
async fn nothing_is_written(store: &SharedStore, epoch: Epoch, is_right: impl Fn(&StoreError) -> bool) {
    let appended = store.append(epoch, &intent("main", at(1))).await;
    let committed = store.commit(epoch, &put("main", 2)).await;
    for refusal in [appended.map(drop), committed.map(drop)] {
        let refusal = refusal.expect_err("the state is not in force");
        assert!(is_right(&refusal), "{refusal:?}");
    }
}

/// A state that moved away stays as it was and is never written again, not even to say so twice.
pub async fn state_that_moved_away_is_not_written_again(place: &dyn OpenStore) {
    let store = place.open().await;
    let epoch = begin(&store).await;
    store.commit(epoch, &put("main", 1)).await.expect("commit");
    assert_eq!(state(&store).await.standing, Standing::InForce);
    let mut with_more = relocation();
    with_more.changes = put("main", 2).changes;
    let more = store.commit(epoch, &with_more).await;
    assert!(matches!(more, Err(StoreError::Unwritable { .. })), "{more:?}");
    let serial = store.commit(epoch, &relocation()).await.expect("the state moves");
    drop(store);

    let store = place.open().await;
    let left = state(&store).await;
    assert_eq!((left.standing, left.serial), (moved(), serial));
    assert!(left.records.contains_key(&key("main")));
    let is_moved = |error: &StoreError| matches!(error, StoreError::Moved { to } if to == "there");
    nothing_is_written(&store, epoch, is_moved).await;
    let again = store.commit(epoch, &relocation()).await.expect_err("it moved");
    assert!(is_moved(&again), "{again:?}");
    let entries = store.history(Serial(0)).await.expect("history");
    verify_chain(&entries).expect("the chain holds");
    assert_eq!(
        entries.last().expect("an entry").relocation,
        relocation().relocation
    );
}

/// What was copied is not in force before that is said, across reopening.
pub async fn copy_is_not_in_force_before_that_is_said(place: &dyn OpenStore) {
    let archive = arriving(2).await;
    let store = place.open().await;
    let epoch = take(&store).await.epoch;
    store
        .restore(epoch, &archive)
        .await
        .expect("an empty store is filled");
    drop(store);

    let store = place.open().await;
    assert_eq!(state(&store).await.standing, archive.state.standing);
    nothing_is_written(&store, epoch, |error| {
        matches!(error, StoreError::Arriving { .. })
    })
    .await;
    let serial = store.commit(epoch, &relocation()).await.expect("it has arrived");
    assert_eq!(serial, Serial(archive.state.serial.0 + 1));
    assert_eq!(state(&store).await.standing, Standing::InForce);
    store
        .commit(epoch, &put("main", 1))
        .await
        .expect("it is in force");
    let refilled = store.restore(epoch, &archive).await;
    assert!(
        matches!(refilled, Err(StoreError::AlreadyInitialized)),
        "{refilled:?}"
    );
    let entries = store.history(Serial(0)).await.expect("history");
    verify_chain(&entries).expect("the chain goes on");
}

/// A copy that was never put in force makes room for another one, of which nothing of the first is left.
pub async fn copy_that_is_not_in_force_makes_room(place: &dyn OpenStore) {
    let store = place.open().await;
    let epoch = take(&store).await.epoch;
    let (first, second) = (arriving(3).await, arriving(1).await);
    store
        .restore(epoch, &first)
        .await
        .expect("an empty store is filled");
    store.restore(epoch, &second).await.expect("the copy makes room");
    assert_same(&store, &second).await;
    drop(store);
    assert_same(&place.open().await, &second).await;
}

/// A state that moved away can come back to where it was, with what happened meanwhile.
pub async fn state_comes_back_to_where_it_was(place: &dyn OpenStore) {
    let store = place.open().await;
    let epoch = begin(&store).await;
    for size in 0..3 {
        let name = format!("left-{size}");
        store.commit(epoch, &put(&name, size)).await.expect("commit");
    }
    store
        .append(epoch, &intent("left-0", at(1)))
        .await
        .expect("append");
    store.commit(epoch, &relocation()).await.expect("the state moves");
    let archive = arriving(2).await;
    store
        .restore(epoch, &archive)
        .await
        .expect("what moved makes room");
    assert_same(&store, &archive).await;
    store.commit(epoch, &relocation()).await.expect("it has arrived");
    store
        .commit(epoch, &put("later", 1))
        .await
        .expect("it is in force");
    drop(store);
    let found = state(&place.open().await).await;
    assert_eq!(found.records.len(), archive.state.records.len() + 1);
    assert!(found.open_intents.is_empty());
}

/// Checks that a store holds exactly an archive.
async fn assert_same(store: &SharedStore, archive: &Archive) {
    let found = archive::take(&**store).await.expect("take").expect("a state");
    assert_eq!(found.state.standing, archive.state.standing);
    let (found, expected) = (archive::encode(&found), archive::encode(archive));
    assert_eq!(
        String::from_utf8_lossy(&found.expect("encodes")),
        String::from_utf8_lossy(&expected.expect("encodes"))
    );
}
