//! Servers that are killed, stopped and started again while changes are written.

use std::sync::Mutex;

use infra_state::contract::StoreError;
use tokio::task::JoinSet;

use super::*;

/// What was acknowledged so far.
type Acknowledged = Arc<Mutex<BTreeMap<Serial, String>>>;

/// Commits without end, and notes what was acknowledged.
async fn commit_without_end(
    store: Arc<PostgresStore>,
    lease: Lease,
    writer: usize,
    acknowledged: Acknowledged,
) {
    for number in 0.. {
        let name = format!("w{writer}n{number}");
        let id = store
            .append(lease.epoch, &sample::intent(&name, sample::at(1)))
            .await
            .unwrap();
        let serial = store.commit(lease.epoch, &sample::done(id, &name)).await.unwrap();
        let before = acknowledged.lock().unwrap().insert(serial, name);
        assert_eq!(before, None, "serial {serial} was given twice");
    }
}

/// Waits until so many commits were acknowledged.
async fn until(acknowledged: &Acknowledged, count: usize) {
    let mut pace = tokio::time::interval(Duration::from_millis(2));
    while acknowledged.lock().unwrap().len() < count {
        pace.tick().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_a_killed_server_once() {
    let mut place = place!(Place::start());
    let store = Arc::new(place.store().await);
    let lease = begin(&store).await;
    let acknowledged = Acknowledged::default();
    let mut writers = JoinSet::new();
    for writer in 0..4 {
        writers.spawn(commit_without_end(
            store.clone(),
            lease.clone(),
            writer,
            acknowledged.clone(),
        ));
    }
    for round in 1..=6 {
        // At another moment of the transaction each time.
        until(&acknowledged, round * 23).await;
        place.server.kill();
        // What was told before the server died was told of what is on its disk.
        let told = acknowledged.lock().unwrap().clone();
        place.server.start_again();
        let found = place.store().await.history(Serial(1)).await.unwrap();
        for (serial, name) in &told {
            let entry = &found[serial.0 as usize - 1];
            assert_eq!(
                (entry.serial, &entry.changes[0].key),
                (*serial, &sample::key(name))
            );
        }
    }
    until(&acknowledged, 200).await;
    writers.shutdown().await;
    // The writers were stopped in the middle, and what they had begun may have been carried out.
    let store = place.store().await;
    // Once another one holds the lease, nothing of it can be carried out any more.
    store.release(&lease).await.unwrap();
    store
        .acquire(&asked("kim@laptop, process 2", 3600))
        .await
        .unwrap();
    let state = store.load().await.unwrap().unwrap();
    let mut acknowledged = acknowledged.lock().unwrap().clone();
    let heard = acknowledged.len();
    for entry in store.history(Serial(1)).await.unwrap() {
        acknowledged
            .entry(entry.serial)
            .or_insert_with(|| name_of(&entry.changes[0].key));
    }
    assert!(acknowledged.len() <= heard + 4, "{heard} {}", acknowledged.len());
    assert!(state.open_intents.len() <= 4, "{}", state.open_intents.len());
    check(&store, &acknowledged).await;
}

#[tokio::test]
async fn a_server_that_is_started_again_is_found_again() {
    let mut place = place!(Place::start());
    let store = place.store().await;
    let lease = begin(&store).await;
    store.commit(lease.epoch, &sample::put("first", 1)).await.unwrap();
    place.server.stop();
    place.server.start_again();
    store
        .commit(lease.epoch, &sample::put("second", 1))
        .await
        .unwrap();
    place.server.stop();
    let (loaded, ()) = tokio::join!(store.load(), async {
        // The store has met the closed door by the time that this task gets its turn again.
        tokio::task::yield_now().await;
        place.server.start_again();
    });
    assert_eq!(loaded.unwrap().unwrap().records.len(), 2);
    store.renew(&lease, SystemClock.now()).await.unwrap();
}

#[tokio::test]
async fn whoever_opens_a_store_on_a_dead_server_is_told_at_once() {
    let mut place = place!(Place::start());
    place.server.stop();
    let began = std::time::Instant::now();
    match open_with(&place.request(), LeaseClock::Server).await {
        Err(error @ StoreError::Io { .. }) => {
            let cause = std::error::Error::source(&error).unwrap().to_string();
            assert!(
                cause.contains("127.0.0.1") && cause.contains("refused"),
                "{cause}"
            );
        }
        other => panic!("there is no server, but: {other:?}"),
    }
    assert!(began.elapsed() < Duration::from_secs(5));
}
