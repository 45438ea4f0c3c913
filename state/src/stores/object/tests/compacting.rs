//! What compaction leaves: few objects, a whole history, and nothing that readers miss.

use std::collections::BTreeSet;

use infra_model::journal::RecordChange;

use super::faults::{Asked, Faulty, Kind};
use super::workload::objects;
use super::*;
use crate::history::verify_chain;

async fn holder(memory: &Memory) -> (ObjectStore, Lease) {
    let store = memory.open();
    let lease = store
        .acquire(&sample::request("jo", sample::at(0)))
        .await
        .unwrap();
    store.initialize(lease.epoch, &sample::header()).await.unwrap();
    (store, lease)
}

fn count(names: &BTreeSet<String>, folder: &str) -> usize {
    names.iter().filter(|name| name.starts_with(folder)).count()
}

async fn object_names(memory: &Memory) -> BTreeSet<String> {
    objects(memory).await.into_keys().collect()
}

#[tokio::test]
async fn the_log_stays_short_and_only_one_snapshot_is_kept() {
    let memory = Memory::new();
    let (store, lease) = holder(&memory).await;
    for number in 0..100 {
        let commit = sample::put(&format!("r{}", number % 7), number);
        store.commit(lease.epoch, &commit).await.unwrap();
    }
    store.release(&lease).await.unwrap();
    let names = object_names(&memory).await;
    // 103 segments make 25 packs; the segments of the last one stay until the next, and the first ended an epoch.
    assert_eq!(count(&names, "packs/"), 25);
    assert_eq!(count(&names, "log/"), 1 + 4 + 3, "{names:#?}");
    let wholes = names.iter().filter(|name| name.ends_with("/whole"));
    assert_eq!(wholes.count(), 1, "{names:#?}");

    let store = memory.open();
    assert_eq!(store.load().await.unwrap().unwrap().records.len(), 7);
    let history = store.history(Serial(1)).await.unwrap();
    assert_eq!(history.len(), 100);
    verify_chain(&history).unwrap();
}

#[tokio::test]
async fn a_part_of_the_history_is_read_from_few_objects() {
    let memory = Memory::new();
    let (store, lease) = holder(&memory).await;
    for number in 0..100 {
        store
            .commit(lease.epoch, &sample::put("main", number))
            .await
            .unwrap();
    }
    let faulty = Faulty::over(&memory);
    let reader = faulty.place().open();
    reader.load().await.unwrap();
    faulty.take_asked();
    let last = reader.history(Serial(95)).await.unwrap();
    assert_eq!(last.len(), 6);
    let asked = faulty.take_asked();
    let packs = asked.iter().filter(|asked| asked.name.contains("/packs/"));
    assert!(packs.count() <= 3, "{asked:#?}");
}

#[tokio::test]
async fn a_snapshot_of_a_large_state_waits_until_as_much_has_changed() {
    let memory = Memory::new();
    let (store, lease) = holder(&memory).await;
    let all = (0..200).map(|number| RecordChange::Put(Box::new(sample::record(&format!("r{number}"), 1))));
    store.commit(lease.epoch, &sample::commit(all)).await.unwrap();
    let faulty = Faulty::over(&memory);
    drop((store, lease));
    let store = faulty.place().open();
    let lease = store
        .acquire(&sample::request("kim", sample::at(60)))
        .await
        .unwrap();
    store.release(&lease).await.unwrap();
    let lease = store
        .acquire(&sample::request("kim", sample::at(60)))
        .await
        .unwrap();
    faulty.take_asked();
    for number in 0..40 {
        store
            .commit(lease.epoch, &sample::put("main", number))
            .await
            .unwrap();
    }
    store.release(&lease).await.unwrap();
    let asked = faulty.take_asked();
    let snapshots = asked
        .iter()
        .filter(|asked| asked.name.contains("/snapshots/") && !asked.bytes.is_empty());
    let written: usize = snapshots.map(|asked| asked.bytes.len()).sum();
    assert_eq!(
        written, 0,
        "40 changes are less than the 200 records of the snapshot there is"
    );
    assert_eq!(memory.open().load().await.unwrap().unwrap().records.len(), 201);
}

#[tokio::test]
async fn readers_find_a_whole_state_while_it_is_packed_under_their_hands() {
    let memory = Memory::new();
    let (store, lease) = holder(&memory).await;
    let epoch = lease.epoch;
    let writer = tokio::spawn(async move {
        for number in 0..300 {
            let commit = sample::put(&format!("r{}", number % 5), number);
            store.commit(epoch, &commit).await.unwrap();
            tokio::task::yield_now().await;
        }
    });
    let mut last = Serial(0);
    let mut readings = 0;
    while !writer.is_finished() {
        let reader = memory.open();
        let state = reader.load().await.unwrap().unwrap();
        let history = reader.history(Serial(1)).await.unwrap();
        assert!(state.serial >= last && history.len() as u64 >= state.serial.0);
        last = state.serial;
        readings += 1;
        tokio::task::yield_now().await;
    }
    writer.await.unwrap();
    assert!(readings > 10, "{readings}");
}

#[tokio::test]
async fn a_reader_that_stays_open_follows_the_log_through_packs_and_deletions() {
    let memory = Memory::new();
    let (store, lease) = holder(&memory).await;
    let reader = memory.open();
    for number in 0..60 {
        let serial = store
            .commit(lease.epoch, &sample::put("main", number))
            .await
            .unwrap();
        if number % 13 == 0 {
            let state = reader.load().await.unwrap().unwrap();
            assert_eq!(state.serial, serial);
            assert_eq!(reader.history(Serial(1)).await.unwrap().len() as u64, serial.0);
        }
    }
}

#[tokio::test]
async fn an_archive_is_read_from_its_own_objects_until_a_snapshot_replaces_it() {
    let origin = Memory::new();
    let (store, lease) = holder(&origin).await;
    for number in 0..30 {
        let commit = sample::put(&format!("r{number}"), 1);
        store.commit(lease.epoch, &commit).await.unwrap();
    }
    let archive = crate::archive::take(&store).await.unwrap().unwrap();
    let memory = Memory::new();
    let store = memory.open();
    let lease = store
        .acquire(&sample::request("jo", sample::at(0)))
        .await
        .unwrap();
    store.restore(lease.epoch, &archive).await.unwrap();
    assert!(count(&object_names(&memory).await, "restored/") > 3);
    for number in 30..60 {
        let commit = sample::put(&format!("r{number}"), 1);
        store.commit(lease.epoch, &commit).await.unwrap();
    }
    store.release(&lease).await.unwrap();
    let store = memory.open();
    assert_eq!(store.load().await.unwrap().unwrap().records.len(), 60);
    let history = store.history(Serial(1)).await.unwrap();
    assert_eq!(history[..30], archive.history[..]);
    assert_eq!(history.len(), 60);
    verify_chain(&history).unwrap();
}

#[tokio::test]
async fn who_may_not_delete_makes_each_pack_once_all_the_same() {
    let memory = Memory::new();
    let faulty = Faulty::over(&memory);
    let store = faulty.place().open();
    let request = sample::request("jo", sample::at(0));
    let lease = store.acquire(&request).await.unwrap();
    store.initialize(lease.epoch, &sample::header()).await.unwrap();
    faulty.be_deaf_to(Some(Kind::Delete));
    for number in 0..100 {
        store
            .commit(lease.epoch, &sample::put("main", number))
            .await
            .unwrap();
    }
    store.release(&lease).await.unwrap();
    let asked = faulty.take_asked();
    let is_pack = |asked: &&Asked| asked.kind == Kind::Put && asked.name.contains("/packs/");
    assert_eq!(asked.iter().filter(is_pack).count(), 25);
    let history = memory.open().history(Serial(1)).await.unwrap();
    assert_eq!(history.len(), 100);
}
