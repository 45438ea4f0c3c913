//! Damage is reported for what it is, and nothing is overwritten.

use std::collections::BTreeMap;

use bytes::Bytes;
use object_store::ObjectStoreExt as _;

use super::workload::{Said, assert_same, objects, run};
use super::*;

/// Makes a state with packs, a snapshot and loose segments, and leaves the lease held.
async fn made() -> Memory {
    let memory = Memory::new();
    run(&memory.open(), 0, &mut Said::default()).await.unwrap();
    let store = memory.open();
    let lease = store
        .acquire(&sample::request("jo", sample::at(100)))
        .await
        .unwrap();
    store.commit(lease.epoch, &sample::put("last", 1)).await.unwrap();
    memory
}

async fn put(memory: &Memory, name: &str, object: Bytes) {
    let path = Path::from(format!("team/shop/local/{name}"));
    memory.0.put(&path, object.into()).await.unwrap();
}

/// Tells whether loading the state reads the object. Old packs are the history's, and what ended old epochs only has
/// to be there.
fn is_read_by_load(name: &str, all: &BTreeMap<String, Bytes>) -> bool {
    let snapshot = all
        .keys()
        .filter_map(|name| names::snapshot_number(name))
        .max()
        .unwrap()
        .0;
    let packs = all.keys().filter_map(|name| names::PackName::parse(name));
    let packed = packs.map(|pack| pack.last).max().unwrap();
    match (names::segment_number(name), names::PackName::parse(name)) {
        (Some(number), _) => number > packed,
        (_, Some(pack)) => pack.last > snapshot,
        _ => true,
    }
}

/// Returns what is wrong with an object, each in a way of its own.
fn spoiled(name: &str, object: &Bytes, all: &BTreeMap<String, Bytes>) -> Vec<Bytes> {
    let mut flipped = object.to_vec();
    let last = flipped.len() - 1;
    flipped[last] ^= 1;
    let other = all.iter().find(|(other, _)| *other != name).unwrap().1;
    vec![
        flipped.into(),
        object.slice(..object.len() / 2),
        Bytes::new(),
        other.clone(),
    ]
}

fn assert_damaged<T: fmt::Debug>(result: Result<T, StoreError>, name: &str) {
    match result {
        Err(StoreError::Damaged { what }) => {
            assert!(what.contains("in `memory://team/shop/local`"), "{what}");
        }
        other => panic!("{name} is damaged, but: {other:?}"),
    }
}

#[tokio::test]
async fn every_altered_object_is_noticed_and_none_is_overwritten() {
    let memory = made().await;
    let all = objects(&memory).await;
    let mut loaded = 0;
    for (name, object) in &all {
        let is_loaded = is_read_by_load(name, &all);
        loaded += usize::from(is_loaded);
        if !is_loaded && names::segment_number(name).is_some() {
            continue;
        }
        for spoiled in spoiled(name, object, &all) {
            put(&memory, name, spoiled).await;
            let before = objects(&memory).await;
            let store = memory.open();
            if is_loaded {
                assert_damaged(store.load().await, name);
                let request = sample::request("kim", sample::at(900));
                assert_damaged(store.acquire(&request).await, name);
            } else {
                store.load().await.unwrap();
                assert_damaged(store.history(Serial(1)).await, name);
            }
            assert_same(&objects(&memory).await, &before);
        }
        put(&memory, name, object.clone()).await;
    }
    assert!(loaded >= 4, "{loaded} of {}", all.len());
    memory.open().history(Serial(1)).await.unwrap();
}

#[tokio::test]
async fn every_missing_object_that_is_needed_is_named() {
    let memory = made().await;
    let all = objects(&memory).await;
    let newest = all.keys().filter_map(|name| names::segment_number(name)).max();
    let newest_pack = all.keys().filter_map(|name| names::PackName::parse(name)).max();
    let mut named = 0;
    for (name, object) in &all {
        let path = Path::from(format!("team/shop/local/{name}"));
        memory.0.delete(&path).await.unwrap();
        let store = memory.open();
        let read = match store.load().await {
            Ok(_) => store.history(Serial(1)).await.map(|_| ()),
            Err(error) => Err(error),
        };
        // A log has no end mark: without its last segment it is the log of a moment before. A snapshot that is not
        // whole does not exist, and the packs before it are all there. The segments of the newest pack are still there.
        // What ended an old epoch is in its pack too.
        let is_dispensable = names::segment_number(name).is_some_and(|number| Some(number) == newest)
            || names::snapshot_number(name).is_some_and(|(_, is_whole)| is_whole)
            || names::PackName::parse(name).is_some_and(|pack| Some(pack) == newest_pack)
            || (names::segment_number(name).is_some() && !is_read_by_load(name, &all));
        if is_dispensable {
            read.unwrap();
        } else {
            assert_damaged(read, name);
            named += 1;
        }
        put(&memory, name, object.clone()).await;
    }
    assert!(named >= 4, "{named} of {}", all.len());
}

#[tokio::test]
async fn a_newer_engine_is_respected() {
    let memory = made().await;
    let newest = objects(&memory)
        .await
        .keys()
        .filter_map(|name| names::segment_number(name))
        .max();
    let name = names::segment(newest.unwrap() + 1);
    put(
        &memory,
        &name,
        Bytes::from_static(b"infra state, format 9, and what that means\n"),
    )
    .await;
    let before = objects(&memory).await;
    let store = memory.open();
    for refused in [
        store.load().await.map(|_| ()),
        store
            .acquire(&sample::request("kim", sample::at(900)))
            .await
            .map(|_| ()),
    ] {
        assert!(
            matches!(refused, Err(StoreError::Newer { found: 9 })),
            "{refused:?}"
        );
    }
    assert_same(&objects(&memory).await, &before);
}

#[tokio::test]
async fn a_holder_that_meets_damage_where_it_writes_stops() {
    let memory = Memory::new();
    let store = memory.open();
    let lease = store
        .acquire(&sample::request("jo", sample::at(0)))
        .await
        .unwrap();
    store.initialize(lease.epoch, &sample::header()).await.unwrap();
    put(&memory, &names::segment(3), Bytes::from_static(b"rubbish")).await;
    let before = objects(&memory).await;
    assert_damaged(
        store.commit(lease.epoch, &sample::put("main", 1)).await,
        "the next segment",
    );
    assert_same(&objects(&memory).await, &before);
}
