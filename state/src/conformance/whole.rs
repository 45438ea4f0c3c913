//! States as a whole: how they begin, come back, and move.

use infra_model::record::Serial;

use crate::archive::Archive;
use crate::conformance::records::state;
use crate::conformance::sample::{at, begin, done, header, intent, key, put, record, take};
use crate::conformance::{OpenStore, SharedStore};
use crate::contract::{STATE_FORMAT, StateHeader, StoreError};

/// A store in which nothing was written has no state, also when somebody holds its lease.
pub async fn empty_store_has_no_state(place: &dyn OpenStore) {
    let store = place.open().await;
    assert!(store.load().await.expect("load").is_none());
    assert!(store.history(Serial(0)).await.expect("history").is_empty());
    let lease = take(&store).await;
    assert!(store.load().await.expect("load").is_none());
    store
        .commit(lease.epoch, &put("main", 1))
        .await
        .expect_err("there is no state to change");
    store
        .append(lease.epoch, &intent("main", at(1)))
        .await
        .expect_err("there is no state to change");
}

/// A state begins once; what it began with stays.
pub async fn state_begins_once(place: &dyn OpenStore) {
    let store = place.open().await;
    let epoch = begin(&store).await;
    let mut other = header();
    other.stack = "other".to_owned();
    let refusal = store.initialize(epoch, &other).await;
    assert!(
        matches!(refusal, Err(StoreError::AlreadyInitialized)),
        "{refusal:?}"
    );
    assert_eq!(state(&store).await.header, header());
}

/// A format that this engine does not know is refused before anything is written.
pub async fn newer_format_is_refused(place: &dyn OpenStore) {
    let store = place.open().await;
    let epoch = take(&store).await.epoch;
    let newer = StateHeader {
        format: STATE_FORMAT + 1,
        ..header()
    };
    match store.initialize(epoch, &newer).await {
        Err(StoreError::Newer { found }) => assert_eq!(found, STATE_FORMAT + 1),
        other => panic!("a newer format must be refused, but: {other:?}"),
    }
    assert!(store.load().await.expect("load").is_none());
}

/// A store that was closed and opened again has lost nothing.
pub async fn reopen_sees_everything(place: &dyn OpenStore) {
    let store = place.open().await;
    fill(&store).await;
    let before = state(&store).await;
    let history = store.history(Serial(0)).await.expect("history");
    drop(store);

    let store = place.open().await;
    let after = state(&store).await;
    assert_same(&after, &before);
    assert_eq!(store.history(Serial(0)).await.expect("history"), history);
    assert_eq!(
        **after.records[&key("first")].record().expect("readable"),
        record("first", 1)
    );
}

/// A state that is emptied into an archive and restored elsewhere is the same state.
pub async fn archive_restores_the_same_state(place: &dyn OpenStore) {
    let origin: SharedStore = std::sync::Arc::new(crate::stores::memory::MemoryStore::new());
    fill(&origin).await;
    let archive = Archive {
        state: state(&origin).await,
        history: origin.history(Serial(0)).await.expect("history"),
    };
    let store = place.open().await;
    let epoch = take(&store).await.epoch;
    store
        .restore(epoch, &archive)
        .await
        .expect("an empty store is filled");
    assert_same(&state(&store).await, &archive.state);
    assert_eq!(store.history(Serial(0)).await.expect("history"), archive.history);
    let again = store.restore(epoch, &archive).await;
    assert!(matches!(again, Err(StoreError::AlreadyInitialized)), "{again:?}");

    let next = Serial(archive.state.serial.0 + 1);
    assert_eq!(store.commit(epoch, &put("later", 1)).await.expect("commit"), next);
    let entries = store.history(Serial(0)).await.expect("history");
    crate::history::verify_chain(&entries).expect("the chain goes on");
}

async fn fill(store: &SharedStore) {
    let epoch = begin(store).await;
    let id = store
        .append(epoch, &intent("first", at(1)))
        .await
        .expect("append");
    let mut measured = done(id, "first");
    measured.duration = Some(("sim.postgres.server".to_owned(), "create".to_owned(), 120));
    store.commit(epoch, &measured).await.expect("commit");
    store
        .append(epoch, &intent("second", at(2)))
        .await
        .expect("append");
    store.commit(epoch, &put("third", 7)).await.expect("commit");
}

fn assert_same(found: &crate::contract::State, expected: &crate::contract::State) {
    assert_eq!(found.header, expected.header);
    assert_eq!(found.serial, expected.serial);
    assert_eq!(found.open_intents, expected.open_intents);
    assert_eq!(found.durations, expected.durations);
    let found: Vec<_> = found
        .records
        .iter()
        .map(|(key, entry)| (key, entry.header(), entry.bytes()))
        .collect();
    let expected: Vec<_> = expected
        .records
        .iter()
        .map(|(key, entry)| (key, entry.header(), entry.bytes()))
        .collect();
    assert_eq!(found, expected);
}
