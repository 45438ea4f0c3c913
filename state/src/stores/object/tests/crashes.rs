//! A process that dies, and answers that get lost, between any two requests.

use super::faults::{Asked, Effect, Faulty, Kind, Then};
use super::workload::{Said, check, run};
use super::*;

/// Returns the number of requests of a run that nothing disturbs.
async fn requests() -> usize {
    let faulty = Faulty::over(&Memory::new());
    run(&faulty.place().open(), 0, &mut Said::default())
        .await
        .unwrap();
    let asked = faulty.take_asked();
    for kind in [Kind::Put, Kind::Get, Kind::List, Kind::Delete] {
        assert!(asked.iter().any(|asked| asked.kind == kind), "{kind:?}");
    }
    asked.len()
}

#[tokio::test]
async fn whoever_comes_after_a_crash_at_any_request_finds_all_that_was_acknowledged() {
    let mut crashes = 0;
    for number in 0..requests().await {
        for effect in [Effect::None, Effect::Done] {
            let memory = Memory::new();
            let faulty = Faulty::over(&memory);
            faulty.fail(number, effect, Then::Die);
            let mut said = Said::default();
            let ended = run(&faulty.place().open(), 0, &mut said).await;
            crashes += usize::from(ended.is_err());
            check(&memory, 1, &mut said).await;
        }
    }
    assert!(crashes > 100, "{crashes}");
}

#[tokio::test]
async fn a_second_crash_while_the_first_is_made_good_loses_nothing_either() {
    let requests = requests().await;
    for first in (3..requests).step_by(11) {
        for second in (0..requests).step_by(17) {
            let memory = Memory::new();
            let mut said = Said::default();
            for (round, number) in [(0, first), (1, second)] {
                let faulty = Faulty::over(&memory);
                faulty.fail(number, Effect::Done, Then::Die);
                let _ = run(&faulty.place().open(), round, &mut said).await;
            }
            check(&memory, 2, &mut said).await;
        }
    }
}

#[tokio::test]
async fn one_lost_answer_of_a_put_or_delete_is_noticed_by_nobody() {
    for number in 0..requests().await {
        for effect in [Effect::None, Effect::Done] {
            let memory = Memory::new();
            let faulty = Faulty::over(&memory);
            faulty.fail(number, effect, Then::GoOn);
            let mut said = Said::default();
            let ended = run(&faulty.place().open(), 0, &mut said).await;
            let asked = faulty.take_asked();
            match asked.get(number).map(|asked| asked.kind) {
                Some(Kind::Put | Kind::Delete) | None => ended.unwrap(),
                // The client below repeats these by itself; one that gives up is told.
                Some(Kind::Get | Kind::List) => {}
            }
            check(&memory, 1, &mut said).await;
        }
    }
}

#[tokio::test]
async fn a_store_that_fails_for_a_while_goes_on_where_it_was() {
    let memory = Memory::new();
    let faulty = Faulty::over(&memory);
    let store = faulty.place().open();
    let lease = store
        .acquire(&sample::request("jo", sample::at(0)))
        .await
        .unwrap();
    store.initialize(lease.epoch, &sample::header()).await.unwrap();
    for kind in [Kind::Put, Kind::Get] {
        faulty.be_deaf_to(Some(kind));
        let put = store.commit(lease.epoch, &sample::put("lost", 1)).await;
        assert_eq!(put.is_err(), kind == Kind::Put, "{put:?}");
        faulty.be_deaf_to(None);
        store.commit(lease.epoch, &sample::put("later", 1)).await.unwrap();
    }
    let serial = memory.open().load().await.unwrap().unwrap().serial;
    assert_eq!(serial, Serial(3));
}

#[tokio::test]
async fn a_put_whose_answer_and_object_cannot_be_read_is_known_by_the_next_write() {
    let memory = Memory::new();
    let faulty = Faulty::over(&memory);
    let store = faulty.place().open();
    let lease = store
        .acquire(&sample::request("jo", sample::at(0)))
        .await
        .unwrap();
    store.initialize(lease.epoch, &sample::header()).await.unwrap();
    // The put is carried out, but neither that nor anything else is heard of.
    faulty.fail(0, Effect::Done, Then::GoOn);
    faulty.be_deaf_to(Some(Kind::Get));
    let unknown = store.commit(lease.epoch, &sample::put("unknown", 1)).await;
    assert!(matches!(unknown, Err(StoreError::Io { .. })), "{unknown:?}");
    faulty.be_deaf_to(None);
    let serial = store.commit(lease.epoch, &sample::put("next", 1)).await.unwrap();
    assert_eq!(serial, Serial(2));
    let state = memory.open().load().await.unwrap().unwrap();
    assert!(state.records.contains_key(&sample::key("unknown")));
}

#[tokio::test]
async fn a_call_that_is_dropped_half_way_disturbs_no_later_one() {
    let memory = Memory::new();
    let faulty = Faulty::over(&memory);
    let store = faulty.place().open();
    let lease = store
        .acquire(&sample::request("jo", sample::at(0)))
        .await
        .unwrap();
    store.initialize(lease.epoch, &sample::header()).await.unwrap();
    let held = faulty.hold_put("log");
    let (renewing, beating) = (store.clone(), lease.clone());
    let beat = tokio::spawn(async move { renewing.renew(&beating, sample::at(5)).await });
    held.asked.await.unwrap();
    beat.abort();
    let _ = beat.await;
    held.release.send(()).unwrap();
    let serial = store.commit(lease.epoch, &sample::put("main", 1)).await.unwrap();
    assert_eq!(serial, Serial(1));
    store.release(&lease).await.unwrap();
    memory
        .open()
        .acquire(&sample::request("kim", sample::at(1)))
        .await
        .expect("it was given back");
}

#[tokio::test]
async fn one_change_is_one_small_object_whatever_the_size_of_the_state() {
    let mut sizes = Vec::new();
    for records in [10, 10_000] {
        let memory = Memory::new();
        let faulty = Faulty::over(&memory);
        let store = ObjectStore::over(faulty.place().bucket(), SHAPE).unwrap();
        let lease = store
            .acquire(&sample::request("jo", sample::at(0)))
            .await
            .unwrap();
        store.initialize(lease.epoch, &sample::header()).await.unwrap();
        let all = (0..records).map(|number| {
            let record = sample::record(&format!("r{number:05}"), 1);
            infra_model::journal::RecordChange::Put(Box::new(record))
        });
        store.commit(lease.epoch, &sample::commit(all)).await.unwrap();
        faulty.take_asked();
        store
            .commit(lease.epoch, &sample::put("r00001", 2))
            .await
            .unwrap();
        match &faulty.take_asked()[..] {
            [
                Asked {
                    kind: Kind::Put,
                    bytes,
                    ..
                },
            ] => sizes.push(bytes.len()),
            other => panic!("not one put: {other:?}"),
        }
    }
    assert!(sizes[0] < 2000, "{sizes:?}");
    assert_eq!(sizes[0], sizes[1]);
}
