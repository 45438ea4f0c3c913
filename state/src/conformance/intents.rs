//! Intents: durable before the provider is called, open until a commit closes them.

use infra_model::journal::{IntentId, Outcome};
use infra_model::record::Serial;

use crate::conformance::OpenStore;
use crate::conformance::records::state;
use crate::conformance::sample::{at, begin, commit, done, intent, request};

/// An intent without an outcome is there after reopening, with everything that recovery needs.
pub async fn open_intents_survive(place: &dyn OpenStore) {
    let store = place.open().await;
    let epoch = begin(&store).await;
    let first = store
        .append(epoch, &intent("first", at(1)))
        .await
        .expect("append");
    let second = store
        .append(epoch, &intent("second", at(2)))
        .await
        .expect("append");
    store.commit(epoch, &done(first, "first")).await.expect("commit");
    drop(store);

    let store = place.open().await;
    let open = state(&store).await.open_intents;
    assert_eq!(open.len(), 1);
    assert_eq!((open[0].id, open[0].epoch), (second, epoch));
    assert_eq!(open[0].intent, intent("second", at(2)));
    let third = store
        .append(take_later(&store).await, &intent("third", at(61)))
        .await
        .expect("append");
    assert!(third > second, "a number is not used twice");
}

async fn take_later(store: &crate::conformance::SharedStore) -> infra_model::journal::Epoch {
    let asked = request("kim@laptop", at(60));
    store
        .acquire(&asked)
        .await
        .expect("the first lease is over")
        .epoch
}

/// An intent is closed by one commit; a second one is refused.
pub async fn intent_is_closed_once(place: &dyn OpenStore) {
    let store = place.open().await;
    let epoch = begin(&store).await;
    let id = store.append(epoch, &intent("main", at(1))).await.expect("append");
    let mut rejected = commit([]);
    rejected.closes = Some((
        id,
        Outcome::Rejected {
            message: "quota".to_owned(),
        },
    ));
    assert_eq!(store.commit(epoch, &rejected).await.expect("commit"), Serial(1));
    assert!(state(&store).await.open_intents.is_empty());
    store
        .commit(epoch, &done(id, "main"))
        .await
        .expect_err("it is closed");
    let history = store.history(Serial(1)).await.expect("history");
    assert_eq!(history.len(), 1);
    assert_eq!(history[0].outcome, rejected.closes.map(|(_, outcome)| outcome));
}

/// Open intents come back oldest first.
pub async fn intents_are_numbered_in_order(place: &dyn OpenStore) {
    let store = place.open().await;
    let epoch = begin(&store).await;
    let mut ids = Vec::new();
    for number in 0..300 {
        let intent = intent(&format!("r{number}"), at(number));
        ids.push(store.append(epoch, &intent).await.expect("append"));
    }
    let open: Vec<IntentId> = state(&store)
        .await
        .open_intents
        .iter()
        .map(|open| open.id)
        .collect();
    assert_eq!(open, ids);
    assert!(ids.is_sorted());
}

/// Many writers of one lease at once: each gets its own number and nothing is lost.
pub async fn concurrent_writers_are_all_served(place: &dyn OpenStore) {
    let store = place.open().await;
    let epoch = begin(&store).await;
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..50 {
        let store = store.clone();
        writers.spawn(async move {
            let name = format!("r{number}");
            let id = store.append(epoch, &intent(&name, at(1))).await.expect("append");
            store.commit(epoch, &done(id, &name)).await.expect("commit")
        });
    }
    let mut serials = writers.join_all().await;
    serials.sort_unstable();
    assert_eq!(serials, (1..=50).map(Serial).collect::<Vec<_>>());
    let state = state(&store).await;
    assert_eq!((state.records.len(), state.open_intents.len()), (50, 0));
}
