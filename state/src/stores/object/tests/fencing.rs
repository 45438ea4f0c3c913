//! Nobody who lost the lease writes anything that counts, however long it slept and whatever was deleted meanwhile.

use infra_model::journal::Epoch;

use super::faults::{Effect, Faulty, Held, Kind, Then};
use super::workload::{assert_same, objects};
use super::*;

/// Two openings of one place: one that sleeps, and others that go on.
struct Two {
    memory: Memory,
    faulty: Faulty,
    sleeper: ObjectStore,
}

impl Two {
    async fn new() -> Self {
        let memory = Memory::new();
        let faulty = Faulty::over(&memory);
        let sleeper = faulty.place().open();
        Two {
            memory,
            faulty,
            sleeper,
        }
    }

    /// Lets the sleeper take the lease and begin the state.
    async fn begun() -> (Self, Lease) {
        let two = Two::new().await;
        let lease = take(&two.sleeper, "sleeper", 0).await;
        two.sleeper
            .initialize(lease.epoch, &sample::header())
            .await
            .unwrap();
        two.sleeper
            .commit(lease.epoch, &sample::put("before", 1))
            .await
            .unwrap();
        (two, lease)
    }

    /// Lets others take the lease, one after another, and write until all that the sleeper knows is packed and
    /// deleted.
    async fn go_on(&self) -> Epoch {
        self.go_on_at(100).await
    }

    async fn go_on_at(&self, seconds: u64) -> Epoch {
        let mut epoch = Epoch(0);
        for round in 0..3 {
            let other = self.memory.open();
            let lease = take(&other, "other", seconds + round * 100).await;
            if other.load().await.unwrap().is_none() {
                other.initialize(lease.epoch, &sample::header()).await.unwrap();
            }
            for number in 0..10 {
                let commit = sample::put(&format!("at{seconds}-{round}-{number}"), 1);
                other.commit(lease.epoch, &commit).await.unwrap();
            }
            other.release(&lease).await.unwrap();
            epoch = lease.epoch;
        }
        epoch
    }

    /// Returns the serial of the state as somebody sees it who just came.
    async fn serial(&self) -> Serial {
        self.memory.open().load().await.unwrap().unwrap().serial
    }
}

async fn take(store: &ObjectStore, holder: &str, seconds: u64) -> Lease {
    let request = sample::request(holder, sample::at(seconds));
    store.acquire(&request).await.unwrap()
}

fn assert_fenced<T: fmt::Debug>(result: Result<T, StoreError>, by: Epoch) {
    match result {
        Err(StoreError::Fenced { ours, current, .. }) => assert_eq!((ours, current), (Epoch(1), by)),
        other => panic!("the old holder must be fenced, but: {other:?}"),
    }
}

#[tokio::test]
async fn a_holder_that_slept_through_packs_and_deletions_is_refused() {
    let calls = ["append", "commit", "renew"];
    for call in calls {
        let (two, lease) = Two::begun().await;
        let current = two.go_on().await;
        let before = objects(&two.memory).await;
        assert!(
            !before.contains_key(&names::segment(3)),
            "what the sleeper wrote last is packed and deleted"
        );
        let intent = sample::intent("late", sample::at(999));
        match call {
            // The first segment that it meets is that of the one who took the lease from it.
            "append" => assert_fenced(two.sleeper.append(lease.epoch, &intent).await, Epoch(2)),
            "commit" => assert_fenced(
                two.sleeper.commit(lease.epoch, &sample::put("late", 1)).await,
                Epoch(2),
            ),
            _ => assert_fenced(two.sleeper.renew(&lease, sample::at(999)).await, Epoch(2)),
        }
        two.sleeper.release(&lease).await.unwrap();
        assert_same(&objects(&two.memory).await, &before);
        assert_fenced(
            two.sleeper
                .load()
                .await
                .and(two.sleeper.append(lease.epoch, &intent).await),
            current,
        );
    }
}

#[tokio::test]
async fn a_put_that_was_on_its_way_when_its_sender_lost_the_lease_is_refused() {
    let (two, lease) = Two::begun().await;
    let Held { asked, release } = two.faulty.hold_put("log");
    let (sleeper, epoch) = (two.sleeper.clone(), lease.epoch);
    let late = tokio::spawn(async move { sleeper.commit(epoch, &sample::put("late", 1)).await });
    asked.await.unwrap();
    two.go_on().await;
    let (serial, before) = (two.serial().await, objects(&two.memory).await);
    release.send(()).unwrap();
    assert_fenced(late.await.unwrap(), Epoch(2));
    assert_eq!(two.serial().await, serial);
    assert_same(&objects(&two.memory).await, &before);
}

#[tokio::test]
async fn a_put_that_arrived_before_the_takeover_counts_although_its_sender_hears_of_it_long_after() {
    let (two, lease) = Two::begun().await;
    // The answer is lost, and all that could tell is lost too, until the object is packed and deleted.
    two.faulty.fail(0, Effect::Done, Then::GoOn);
    two.faulty.be_deaf_to(Some(Kind::Get));
    let unknown = two.sleeper.commit(lease.epoch, &sample::put("landed", 1)).await;
    assert!(matches!(unknown, Err(StoreError::Io { .. })), "{unknown:?}");
    two.faulty.be_deaf_to(None);
    let current = two.go_on().await;
    let serial = two.serial().await;
    assert!(!objects(&two.memory).await.contains_key(&names::segment(4)));

    // Its next number is free again, and nothing that it puts there counts: it has to notice.
    let late = two.sleeper.commit(lease.epoch, &sample::put("late", 1)).await;
    assert_fenced(late, current);
    assert_eq!(two.serial().await, serial);
    let state = two.memory.open().load().await.unwrap().unwrap();
    assert!(state.records.contains_key(&sample::key("landed")));
    assert!(!state.records.contains_key(&sample::key("late")));
}

#[tokio::test]
async fn whoever_slept_between_reading_the_log_and_taking_the_lease_takes_the_newest_or_none() {
    let two = Two::new().await;
    two.go_on().await;
    let Held { asked, release } = two.faulty.hold_put("log");
    let sleeper = two.sleeper.clone();
    let late = tokio::spawn(async move {
        sleeper
            .acquire(&sample::request("sleeper", sample::at(1000)))
            .await
    });
    asked.await.unwrap();
    let current = two.go_on_at(2000).await;
    release.send(()).unwrap();
    // Nobody holds the lease now, so the sleeper gets it: the next epoch, not the one that it asked for.
    let lease = late.await.unwrap().unwrap();
    assert_eq!(lease.epoch, Epoch(current.0 + 1));
    two.sleeper
        .commit(lease.epoch, &sample::put("late", 1))
        .await
        .unwrap();
    let state = two.memory.open().load().await.unwrap().unwrap();
    assert!(state.records.contains_key(&sample::key("late")));
}

#[tokio::test]
async fn whoever_slept_before_taking_a_lease_that_had_run_out_takes_it_from_where_its_holder_is_now() {
    let two = Two::new().await;
    let holder = two.memory.open();
    let held = take(&holder, "holder", 0).await;
    holder.initialize(held.epoch, &sample::header()).await.unwrap();
    let Held { asked, release } = two.faulty.hold_put("log");
    let sleeper = two.sleeper.clone();
    let late = tokio::spawn(async move {
        sleeper
            .acquire(&sample::request("sleeper", sample::at(1000)))
            .await
    });
    asked.await.unwrap();
    // Its time is over, but nobody took the lease yet: the holder goes on, past what the sleeper knows.
    for number in 0..20 {
        let commit = sample::put(&format!("r{number}"), 1);
        holder.commit(held.epoch, &commit).await.unwrap();
    }
    assert!(!objects(&two.memory).await.contains_key(&names::segment(3)));
    release.send(()).unwrap();
    let lease = late.await.unwrap().unwrap();
    let serial = two.sleeper.commit(lease.epoch, &sample::put("late", 1)).await;
    assert_eq!(serial.unwrap(), Serial(21));
    assert_eq!(two.serial().await, Serial(21));
    let refused = holder.commit(held.epoch, &sample::put("r20", 1)).await;
    assert_fenced(refused, lease.epoch);
}

#[tokio::test]
async fn a_lease_goes_to_the_opening_that_uses_it_and_back_and_nothing_is_lost_in_between() {
    let (two, lease) = Two::begun().await;
    let other = two.memory.open();
    for number in 0..20 {
        let commit = sample::put(&format!("other-{number}"), 1);
        other.commit(lease.epoch, &commit).await.unwrap();
    }
    let renewed = other.renew(&lease, sample::at(5)).await.unwrap();
    assert!(
        !objects(&two.memory).await.contains_key(&names::segment(6)),
        "what the sleeper does not know is packed and deleted"
    );
    let serial = two
        .sleeper
        .commit(renewed.epoch, &sample::put("sleeper", 1))
        .await;
    assert_eq!(serial.unwrap(), Serial(22));
    let serial = other.commit(lease.epoch, &sample::put("again", 1)).await;
    assert_eq!(serial.unwrap(), Serial(23));
    let state = two.memory.open().load().await.unwrap().unwrap();
    assert_eq!((state.serial, state.records.len()), (Serial(23), 23));
}

#[tokio::test]
async fn a_clock_that_is_wrong_makes_nobody_write_without_the_lease() {
    let (two, lease) = Two::begun().await;
    // The other's clock is an hour ahead: it takes over although the lease still runs.
    let other = two.memory.open();
    let taken = take(&other, "other", 3600).await;
    assert_fenced(two.sleeper.renew(&lease, sample::at(1)).await, taken.epoch);
    // A clock that is an hour behind makes somebody wait, no more.
    let third = two.memory.open();
    let waits = third.acquire(&sample::request("third", sample::at(0))).await;
    assert!(matches!(waits, Err(StoreError::Held { .. })), "{waits:?}");
}

#[tokio::test]
async fn a_service_that_ignores_the_condition_of_a_put_is_not_used() {
    let careless = super::careless::Careless::new();
    let store = ObjectStore::over(careless.bucket(), SMALL).unwrap();
    let refused = store.acquire(&sample::request("jo", sample::at(0))).await;
    match refused {
        Err(StoreError::Unwritable { what }) => assert!(what.contains("overwrites objects"), "{what}"),
        other => panic!("it must be refused, but: {other:?}"),
    }
    assert!(careless.is_empty().await);
}
