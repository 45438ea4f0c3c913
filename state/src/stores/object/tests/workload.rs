//! A run of changes, what it was told, and what must be true afterwards whatever went wrong.

use std::collections::BTreeMap;

use futures::TryStreamExt as _;

use super::*;
use crate::history::verify_chain;
use crate::stores::kills;

/// How many resources a run makes: enough for five packs and several snapshots.
const RESOURCES: usize = 9;

/// What callers were told was done, and what they asked for last.
#[derive(Debug, Default)]
pub(super) struct Said {
    told: kills::Said,
    /// How many calls ended in an error or never: they may have been carried out.
    unknown: usize,
}

/// Takes the lease, begins the state if there is none, and makes some resources one by one.
pub(super) async fn run(store: &ObjectStore, round: u64, said: &mut Said) -> Result<(), StoreError> {
    let now = sample::at(round * 100);
    let mut lease = store.acquire(&sample::request("jo@laptop", now)).await?;
    if store.load().await?.is_none() {
        store.initialize(lease.epoch, &sample::header()).await?;
    }
    for number in 0..RESOURCES {
        let name = format!("r{round}-{number}");
        said.unknown += 1;
        let id = store.append(lease.epoch, &sample::intent(&name, now)).await?;
        said.told.intents.insert(id, name.clone());
        let serial = store.commit(lease.epoch, &sample::done(id, &name)).await?;
        said.told.commits.insert(serial, name);
        said.unknown -= 1;
        if number % 3 == 2 {
            lease = store.renew(&lease, now).await?;
        }
    }
    store.release(&lease).await
}

/// Checks that another process finds everything that was acknowledged, in a state that is whole, and can go on.
pub(super) async fn check(memory: &Memory, round: u64, said: &mut Said) {
    let store = memory.open();
    consistent(&store, said).await;
    let now = sample::at(round * 100 + 50);
    let lease = store.acquire(&sample::request("kim@laptop", now)).await.unwrap();
    if store.load().await.unwrap().is_none() {
        store.initialize(lease.epoch, &sample::header()).await.unwrap();
    }
    let name = format!("check{round}");
    let serial = store.commit(lease.epoch, &sample::put(&name, 1)).await.unwrap();
    said.told.commits.insert(serial, name);
    store.release(&lease).await.unwrap();
    consistent(&memory.open(), said).await;
}

async fn consistent(store: &ObjectStore, said: &Said) {
    let Some(state) = store.load().await.unwrap() else {
        assert!(said.told.commits.is_empty() && said.told.intents.is_empty());
        return;
    };
    let history = store.history(Serial(1)).await.unwrap();
    verify_chain(&history).unwrap();
    assert_eq!(history.len() as u64, state.serial.0);
    said.told.is_kept(&state, &history);
    assert!(history.len() <= said.told.commits.len() + said.unknown);
    assert!(state.open_intents.len() <= said.unknown);
}

/// Returns all objects, by their names below the environment's prefix.
pub(super) async fn objects(memory: &Memory) -> BTreeMap<String, bytes::Bytes> {
    use object_store::ObjectStoreExt as _;

    let metas: Vec<_> = memory.0.list(None).try_collect().await.unwrap();
    let mut objects = BTreeMap::new();
    for meta in metas {
        let bytes = memory.0.get(&meta.location).await.unwrap().bytes().await.unwrap();
        let name = meta.location.as_ref().strip_prefix("team/shop/local/").unwrap();
        objects.insert(name.to_owned(), bytes);
    }
    objects
}

/// Checks that objects are what they were, and names those that are not.
pub(super) fn assert_same(found: &BTreeMap<String, bytes::Bytes>, expected: &BTreeMap<String, bytes::Bytes>) {
    let names = found.keys().chain(expected.keys());
    let changed: Vec<_> = names
        .filter(|name| found.get(*name) != expected.get(*name))
        .collect();
    assert!(changed.is_empty(), "{changed:?}");
}
