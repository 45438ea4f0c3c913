//! What the store leaves on the disk, and when.

use std::os::unix::fs::PermissionsExt as _;

use futures::future::join_all;

use super::*;
use crate::stores::embedded::layout;

#[tokio::test]
async fn nothing_is_made_before_the_lease_is_taken() {
    let place = Place::new();
    let store = place.open();
    assert!(store.load().await.unwrap().is_none());
    assert!(store.history(Serial(1)).await.unwrap().is_empty());
    drop(store);
    assert_eq!(fs::read_dir(place.0.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_store_made_by_another_process_is_found_later() {
    let place = Place::new();
    let early = place.open();
    assert!(early.load().await.unwrap().is_none());
    let other = place.open();
    fill(&other, 1).await;
    assert!(matches!(early.load().await, Err(StoreError::Held { .. })));
    drop(other);
    assert_eq!(early.load().await.unwrap().unwrap().records.len(), 1);
}

#[tokio::test]
async fn a_store_that_was_made_half_way_is_made_anew() {
    let whole = Place::new();
    fill(&whole.open(), 0).await;
    let (mark, _) = MarkFile::open(&Folder::at(&whole.path())).unwrap();
    mark.write(Mark::default()).unwrap();
    // The files in the order in which they are made; the last one of each try is cut short.
    let order = ["format", "mark", "database/conf"];
    for (count, kept) in [
        (1, 21),
        (1, 22),
        (2, 0),
        (2, 20),
        (2, 64),
        (3, 0),
        (3, 20),
        (3, 62),
    ] {
        let place = Place::new();
        for (number, name) in (1..).zip(&order[..count]) {
            let mut bytes = fs::read(whole.path().join(name)).unwrap();
            if number == count {
                bytes.truncate(kept);
            }
            let path = place.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let store = place.open();
        fill(&store, 1).await;
        drop(store);
        let state = place.open().load().await.unwrap().unwrap();
        assert_eq!(state.records.len(), 1, "{count} files, {kept} bytes of the last");
    }
}

#[tokio::test]
async fn the_folder_is_for_its_owner_alone() {
    let place = Place::new();
    fill(&place.open(), 1).await;
    let mode = fs::metadata(place.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test]
async fn reading_changes_no_file() {
    for records in [0, 1, 30, 400] {
        let place = Place::new();
        let store = place.open();
        let lease = fill(&store, records).await;
        for number in 0..records {
            let mut large = sample::record(&format!("r{number}"), 2);
            let text = "x".repeat(number * 37 % 5000);
            large.outputs.insert("text".to_owned(), text.into());
            let change = infra_model::journal::RecordChange::Put(Box::new(large));
            store
                .commit(lease.epoch, &sample::commit([change]))
                .await
                .unwrap();
        }
        drop(store);
        assert!(place.mark().settled.is_some(), "{records} records");
        let before = place.files();
        for from in 0..4 {
            let store = place.open();
            store.history(Serial(from * 20)).await.unwrap();
            assert_eq!(store.load().await.unwrap().unwrap().records.len(), records);
            drop(store);
            assert!(place.files() == before, "{records} records, read {from}");
        }
    }
}

#[tokio::test]
async fn writing_after_reading_settles_again() {
    let place = Place::new();
    fill(&place.open(), 3).await;
    let first = place.mark();
    let store = place.open();
    store.load().await.unwrap();
    let lease = store
        .acquire(&sample::request("kim", sample::at(60)))
        .await
        .unwrap();
    assert_eq!(place.mark().settled, None);
    store.commit(lease.epoch, &sample::put("later", 1)).await.unwrap();
    drop(store);
    let second = place.mark();
    assert!(second.settled.is_some() && second.settled != first.settled);
    assert!(second.batch > first.batch);
}

#[tokio::test]
async fn many_writers_share_a_batch() {
    let place = Place::new();
    let store = place.open();
    let lease = fill(&store, 0).await;
    let before = place.mark().batch;
    let intents: Vec<_> = (0..200)
        .map(|number| sample::intent(&format!("r{number}"), sample::at(1)))
        .collect();
    let appended = join_all(intents.iter().map(|intent| store.append(lease.epoch, intent))).await;
    assert!(appended.iter().all(Result::is_ok));
    let batches = place.mark().batch - before;
    assert!(batches <= 20, "{batches} batches for 200 intents");
}

#[tokio::test]
async fn closed_intents_leave_nothing_behind() {
    let place = Place::new();
    let store = place.open();
    let lease = fill(&store, 0).await;
    let mut sizes = Vec::new();
    for round in 0..3 {
        for _ in 0..200 {
            let id = store
                .append(lease.epoch, &sample::intent("main", sample::at(round)))
                .await
                .unwrap();
            let mut rejected = sample::commit([]);
            let message = "quota".to_owned();
            rejected.closes = Some((id, infra_model::journal::Outcome::Rejected { message }));
            store.commit(lease.epoch, &rejected).await.unwrap();
        }
        assert!(store.load().await.unwrap().unwrap().open_intents.is_empty());
        sizes.push(fs::metadata(place.path().join("database/db")).unwrap().len());
    }
    let entries: u64 = 200 * 400;
    assert!(sizes[2] - sizes[0] < 40 * entries, "{sizes:?}");
}

#[tokio::test]
async fn large_values_survive() {
    let place = Place::new();
    let store = place.open();
    let lease = fill(&store, 1).await;
    let mut large = sample::record("large", 1);
    large
        .outputs
        .insert("text".to_owned(), "x".repeat(3_000_000).into());
    let change = infra_model::journal::RecordChange::Put(Box::new(large.clone()));
    store
        .commit(lease.epoch, &sample::commit([change]))
        .await
        .unwrap();
    drop(store);
    let state = place.open().load().await.unwrap().unwrap();
    assert_eq!(**state.records[&large.key].record().unwrap(), large);
}

#[tokio::test]
async fn a_large_archive_is_restored_in_pieces_and_whole() {
    let memory: SharedStore = Arc::new(crate::stores::memory::MemoryStore::new());
    let epoch = sample::begin(&memory).await;
    for commit in 0..3 {
        let records = (0..1000).map(|number| sample::record(&format!("c{commit}r{number}"), 1));
        let changes = records.map(|record| infra_model::journal::RecordChange::Put(Box::new(record)));
        memory.commit(epoch, &sample::commit(changes)).await.unwrap();
    }
    let archive = crate::archive::take(&*memory).await.unwrap().unwrap();
    let place = Place::new();
    let store = place.open();
    let lease = store
        .acquire(&sample::request("jo", sample::at(0)))
        .await
        .unwrap();
    store.restore(lease.epoch, &archive).await.unwrap();
    assert!(place.mark().batch > 3);
    drop(store);
    let restored = crate::archive::take(&place.open()).await.unwrap().unwrap();
    assert!(crate::archive::encode(&restored).unwrap() == crate::archive::encode(&archive).unwrap());
}

#[tokio::test]
async fn what_an_interrupted_restoration_left_is_no_part_of_a_state() {
    let place = Place::new();
    fill(&place.open(), 50).await;
    // The header comes last, and with it the serial: without both, this is how far a restoration came.
    let key = layout::POSITION;
    let framed = damage::value(&place, key);
    let mut position: layout::Position = layout::read_json(&place.path(), key, &framed).unwrap();
    position.head.serial = Serial::default();
    let position = layout::frame(key, &serde_json::to_vec(&position).unwrap());
    damage::smuggle(&place, key.to_vec(), Some(position));
    damage::smuggle(&place, layout::HEADER.to_vec(), None);
    let store = place.open();
    assert!(store.load().await.unwrap().is_none());
    let lease = store
        .acquire(&sample::request("jo", sample::at(60)))
        .await
        .unwrap();
    store.initialize(lease.epoch, &sample::header()).await.unwrap();
    assert!(store.load().await.unwrap().unwrap().records.is_empty());
}

#[tokio::test]
async fn a_commit_that_is_too_large_is_refused() {
    let place = Place::new();
    let store = place.open();
    let lease = fill(&store, 0).await;
    let mut huge = sample::record("huge", 1);
    huge.outputs
        .insert("text".to_owned(), "x".repeat(33 * 1024 * 1024).into());
    let change = infra_model::journal::RecordChange::Put(Box::new(huge));
    let refusal = store.commit(lease.epoch, &sample::commit([change])).await;
    assert!(
        matches!(refusal, Err(StoreError::Unwritable { .. })),
        "{refusal:?}"
    );
    store.commit(lease.epoch, &sample::put("small", 1)).await.unwrap();
}
