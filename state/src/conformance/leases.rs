//! Leases: one writer at a time, and one that was paused too long cannot write.

use infra_model::journal::Epoch;

use crate::conformance::OpenStore;
use crate::conformance::records::state;
use crate::conformance::sample::{at, begin, header, intent, put, request, take};
use crate::contract::StoreError;

/// The second who asks is told who holds the lease and until when.
pub async fn lease_is_exclusive(place: &dyn OpenStore) {
    let store = place.open().await;
    let lease = store.acquire(&request("jo@laptop", at(0))).await.expect("free");
    assert_eq!((lease.holder.as_str(), lease.until), ("jo@laptop", at(10)));
    match store.acquire(&request("kim@laptop", at(9))).await {
        Err(StoreError::Held { holder, until }) => {
            assert_eq!((holder.as_str(), until), ("jo@laptop", at(10)));
        }
        other => panic!("the lease is held, but: {other:?}"),
    }
}

/// A holder that does not renew loses the lease when its time is over.
pub async fn lease_expires(place: &dyn OpenStore) {
    let store = place.open().await;
    let old = store.acquire(&request("jo@laptop", at(0))).await.expect("free");
    let new = store
        .acquire(&request("kim@laptop", at(10)))
        .await
        .expect("its time is over");
    assert!(new.epoch > old.epoch);
    assert_eq!((new.holder.as_str(), new.until), ("kim@laptop", at(20)));
}

/// A renewed lease is held for longer; one whose time is over is renewed if nobody took it.
pub async fn lease_is_renewed(place: &dyn OpenStore) {
    let store = place.open().await;
    let lease = take(&store).await;
    let renewed = store.renew(&lease, at(8)).await.expect("held");
    assert_eq!((renewed.epoch, renewed.until), (lease.epoch, at(18)));
    store
        .acquire(&request("kim@laptop", at(12)))
        .await
        .expect_err("it was renewed");
    let late = store.renew(&renewed, at(30)).await.expect("nobody took it");
    assert_eq!((late.epoch, late.until), (lease.epoch, at(40)));
}

/// After a takeover the old holder can neither write nor renew, is told who took over, and cannot take the lease from
/// the new one.
pub async fn takeover_fences_the_old_holder(place: &dyn OpenStore) {
    let store = place.open().await;
    let old = take(&store).await;
    store.initialize(old.epoch, &header()).await.expect("begins");
    let new = store
        .acquire(&request("kim@laptop", at(11)))
        .await
        .expect("its time is over");

    let mut refusals = vec![
        store.append(old.epoch, &intent("main", at(12))).await.map(|_| ()),
        store.commit(old.epoch, &put("main", 1)).await.map(|_| ()),
        store.renew(&old, at(12)).await.map(|_| ()),
    ];
    refusals.push(store.initialize(old.epoch, &header()).await);
    for refusal in refusals {
        match refusal {
            Err(StoreError::Fenced { ours, current, by }) => {
                assert_eq!((ours, current, by.as_str()), (old.epoch, new.epoch, "kim@laptop"));
            }
            other => panic!("the old holder must be fenced, but: {other:?}"),
        }
    }
    store
        .release(&old)
        .await
        .expect("giving back what is not held is success");
    store
        .acquire(&request("eve@laptop", at(12)))
        .await
        .expect_err("the new holder still holds it");
    store
        .commit(new.epoch, &put("main", 1))
        .await
        .expect("the new holder writes");
    assert_eq!(state(&store).await.records.len(), 1);
}

/// A lease that was given back is free at once, for a higher epoch.
pub async fn released_lease_is_free(place: &dyn OpenStore) {
    let store = place.open().await;
    let first = take(&store).await;
    store.release(&first).await.expect("held");
    store.release(&first).await.expect("giving back twice is success");
    store.renew(&first, at(1)).await.expect_err("it was given back");
    let second = store.acquire(&request("kim@laptop", at(1))).await.expect("free");
    assert!(second.epoch > first.epoch);
}

/// An epoch that was never granted writes nothing.
pub async fn nobody_writes_without_a_lease(place: &dyn OpenStore) {
    let store = place.open().await;
    store
        .initialize(Epoch(0), &header())
        .await
        .expect_err("no lease was taken");
    store
        .initialize(Epoch(1), &header())
        .await
        .expect_err("no lease was taken");
    assert!(store.load().await.expect("load").is_none());
    let epoch = begin(&store).await;
    store
        .commit(Epoch(epoch.0 + 1), &put("main", 1))
        .await
        .expect_err("not granted");
    assert!(state(&store).await.records.is_empty());
}

/// An epoch is never granted twice, not even by a store that was closed in between.
pub async fn epochs_grow_across_reopening(place: &dyn OpenStore) {
    let mut last = Epoch(0);
    for round in 0..3 {
        let store = place.open().await;
        let asked = request("jo@laptop", at(round * 60));
        let lease = store.acquire(&asked).await.expect("free or over");
        assert!(lease.epoch > last);
        last = lease.epoch;
    }
}
