//! The history: append-only, chained, complete.

use infra_model::digest::Digest;
use infra_model::journal::{HistoryEntry, RecordChange};
use infra_model::record::Serial;

use crate::conformance::OpenStore;
use crate::conformance::records::state;
use crate::conformance::sample::{begin, commit, key, put, record};
use crate::history::{bytes, start, verify_chain};

/// Every commit leaves one entry that says what changed and is chained to the one before.
pub async fn history_is_chained(place: &dyn OpenStore) {
    let store = place.open().await;
    let epoch = begin(&store).await;
    store.commit(epoch, &put("main", 1)).await.expect("commit");
    store.commit(epoch, &put("main", 2)).await.expect("commit");
    let removal = commit([RecordChange::Remove(key("main"))]);
    store.commit(epoch, &removal).await.expect("commit");
    drop(store);

    let entries = place.open().await.history(Serial(0)).await.expect("history");
    let serials: Vec<u64> = entries.iter().map(|entry| entry.serial.0).collect();
    assert_eq!(serials, [1, 2, 3]);
    verify_chain(&entries).expect("the chain holds");
    assert_eq!(entries[0].previous, start());
    assert_eq!(
        entries[2].previous,
        Digest::of(&bytes(&entries[1]).expect("encodes"))
    );
    assert_eq!(after(&entries[1]), Some(&record("main", 2)));
    assert_eq!(after(&entries[2]), None);
    assert_eq!(entries[2].operation, removal.operation);
    assert_eq!((entries[2].at, entries[2].epoch), (removal.at, epoch));
}

fn after(entry: &HistoryEntry) -> Option<&infra_model::record::Record> {
    assert_eq!((entry.changes.len(), &entry.changes[0].key), (1, &key("main")));
    entry.changes[0].after.as_deref()
}

/// A reader asks for the entries from a serial on.
pub async fn history_begins_where_asked(place: &dyn OpenStore) {
    let store = place.open().await;
    let epoch = begin(&store).await;
    for size in 0..5 {
        store.commit(epoch, &put("main", size)).await.expect("commit");
    }
    let last = store.history(Serial(4)).await.expect("history");
    assert_eq!(
        last.iter().map(|entry| entry.serial.0).collect::<Vec<_>>(),
        [4, 5]
    );
    verify_chain(&last).expect("a part of the chain holds too");
    assert!(store.history(Serial(6)).await.expect("history").is_empty());
}

/// Durations of steps are learned as the model says.
pub async fn durations_are_learned(place: &dyn OpenStore) {
    let store = place.open().await;
    let epoch = begin(&store).await;
    for millis in [300, 600] {
        let mut measured = put("main", 1);
        measured.duration = Some(("sim.postgres.server".to_owned(), "create".to_owned(), millis));
        store.commit(epoch, &measured).await.expect("commit");
    }
    drop(store);
    let durations = state(&place.open().await).await.durations;
    assert_eq!(durations.get("sim.postgres.server", "create"), Some(400));
    assert_eq!(durations.get("sim.postgres.server", "delete"), None);
}
