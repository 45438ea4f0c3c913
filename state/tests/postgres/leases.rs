//! Leases between machines: one wins a race, and clocks that are wrong do no harm.

use std::time::Instant;

use infra_model::clock::Timestamp;
use infra_state::contract::StoreError;
use tokio::task::JoinSet;

use super::*;

/// How far the clocks of these tests are off.
const OFF: Duration = Duration::from_secs(600);

fn ahead(now: Timestamp) -> Timestamp {
    now.after(OFF)
}

fn behind(now: Timestamp) -> Timestamp {
    Timestamp::default().after(now.since(Timestamp::default()) - OFF)
}

fn at(holder: &str, now: Timestamp, millis: u64) -> LeaseRequest {
    LeaseRequest {
        holder: holder.to_owned(),
        now,
        duration: Duration::from_millis(millis),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_ask_at_once_one_gets_the_lease() {
    let place = place!(Place::start());
    let mut asking = JoinSet::new();
    for number in 0..8 {
        let store = place.store().await;
        asking.spawn(async move {
            let holder = format!("holder {number}");
            (store.acquire(&asked(&holder, 60)).await, holder)
        });
    }
    let (mut granted, mut refused) = (Vec::new(), Vec::new());
    for (answer, asker) in asking.join_all().await {
        match answer {
            Ok(lease) => granted.push((lease.holder, asker)),
            Err(StoreError::Held { holder, .. }) => refused.push(holder),
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!((granted.len(), refused.len()), (1, 7));
    assert_eq!(granted[0].0, granted[0].1);
    assert!(
        refused.iter().all(|holder| *holder == granted[0].0),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_holder_whose_clock_is_ahead_blocks_nobody_for_longer_than_its_lease() {
    let place = place!(Place::start());
    let (holder, other) = (place.store().await, place.store().await);
    let began = Instant::now();
    let now = ahead(SystemClock.now());
    let lease = holder.acquire(&at("ahead", now, 400)).await.unwrap();
    // Told in its own time, in which it would otherwise seem to be over already, or to last.
    assert_eq!(lease.until, now.after(Duration::from_millis(400)));
    loop {
        let now = SystemClock.now();
        match other.acquire(&at("right", now, 400)).await {
            Err(StoreError::Held { until, .. }) => assert!(until.since(now) <= Duration::from_millis(400)),
            answer => break assert!(answer.unwrap().epoch > lease.epoch),
        }
        assert!(began.elapsed() < Duration::from_secs(30), "it is blocked");
    }
    assert!(
        began.elapsed() >= Duration::from_millis(400),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn neither_a_holder_that_is_behind_nor_an_asker_that_is_ahead_loses_or_wins_by_its_clock() {
    let place = place!(Place::start());
    let (holder, other) = (place.store().await, place.store().await);
    let mut lease = holder
        .acquire(&at("behind", behind(SystemClock.now()), 60_000))
        .await
        .unwrap();
    holder.initialize(lease.epoch, &sample::header()).await.unwrap();
    for skew in [|now| now, ahead, behind] {
        let now = skew(SystemClock.now());
        match other.acquire(&at("other", now, 60_000)).await {
            Err(StoreError::Held { holder, until }) => {
                assert_eq!(holder, "behind");
                let left = until.since(now);
                assert!(
                    left > Duration::from_secs(30) && left <= Duration::from_secs(60),
                    "{left:?}"
                );
            }
            answer => panic!("the lease is held, but: {answer:?}"),
        }
        lease = holder.renew(&lease, behind(SystemClock.now())).await.unwrap();
        holder.commit(lease.epoch, &sample::put("main", 1)).await.unwrap();
    }
}

#[tokio::test]
async fn after_a_takeover_the_server_refuses_the_old_holder_on_every_connection() {
    let place = place!(Place::start());
    let old_store = place.store().await;
    let old = old_store.acquire(&at("old", SystemClock.now(), 1)).await.unwrap();
    let new_store = place.store().await;
    let new = loop {
        match new_store.acquire(&at("new", SystemClock.now(), 60_000)).await {
            Err(StoreError::Held { .. }) => {}
            answer => break answer.unwrap(),
        }
    };
    new_store.initialize(new.epoch, &sample::header()).await.unwrap();
    for store in [old_store, place.store().await] {
        match store.commit(old.epoch, &sample::put("main", 1)).await {
            Err(StoreError::Fenced { ours, current, by }) => {
                assert_eq!((ours, current, by.as_str()), (old.epoch, new.epoch, "new"));
            }
            answer => panic!("it is fenced, but: {answer:?}"),
        }
    }
    check(&new_store, &BTreeMap::new()).await;
}

#[tokio::test]
async fn environments_and_stacks_share_a_database_and_nothing_else() {
    let place = place!(Place::start());
    let one = place.store().await;
    let lease = begin(&one).await;
    one.commit(lease.epoch, &sample::put("main", 1)).await.unwrap();
    for (stack, environment) in [("shop", "staging"), ("shop2", "local")] {
        let request = OpenRequest {
            stack: stack.to_owned(),
            environment: environment.to_owned(),
            ..place.request()
        };
        let other = open_with(&request, LeaseClock::Server).await.unwrap();
        assert!(other.load().await.unwrap().is_none());
        begin(&other).await;
        assert!(other.load().await.unwrap().unwrap().records.is_empty());
    }
    let elsewhere = OpenRequest {
        url: place.server.url("schema=other%20schema"),
        ..place.request()
    };
    let elsewhere = open_with(&elsewhere, LeaseClock::Server).await.unwrap();
    assert!(elsewhere.load().await.unwrap().is_none());
    begin(&elsewhere).await;
    check(&one, &BTreeMap::from([(Serial(1), "main".to_owned())])).await;
}
