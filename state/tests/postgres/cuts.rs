//! Connections that are cut at every message of a change, or stand still in the middle of it: it is carried out once,
//! whatever the store heard of it.

use infra_model::journal::Outcome;
use infra_state::contract::StoreError;

use super::*;
use crate::proxy::{Proxy, Sender};

/// A server behind a proxy, with an environment of its own for each cut.
struct Wire {
    place: Place,
    proxy: Proxy,
}

impl Wire {
    async fn to(place: Place) -> Self {
        let proxy = Proxy::before(place.server.port).await;
        Wire { place, proxy }
    }

    /// Opens the store of an environment, beside the proxy or through it. There is no TLS: its messages could not be
    /// told apart.
    async fn open(&self, environment: &str, port: u16) -> PostgresStore {
        let url = self.place.server.url("sslmode=disable");
        let direct = format!(":{}/", self.place.server.port);
        let url = url.expose().replace(&direct, &format!(":{port}/"));
        let request = OpenRequest {
            url: infra_model::sealing::Secret::new(url),
            stack: "shop".to_owned(),
            environment: environment.to_owned(),
        };
        open_with(&request, LeaseClock::Server).await.unwrap()
    }

    async fn direct(&self, environment: &str) -> PostgresStore {
        self.open(environment, self.place.server.port).await
    }

    async fn through_proxy(&self, environment: &str) -> PostgresStore {
        self.open(environment, self.proxy.port).await
    }
}

/// Does one step of an apply, intent and outcome, for every message of one side after which the connection can be cut.
async fn cut_everywhere(sender: Sender) -> Option<i64> {
    let wire = Wire::to(Place::start()?).await;
    for messages in 1.. {
        let environment = format!("cut-{messages}");
        let direct = wire.direct(&environment).await;
        let lease = begin(&direct).await;
        let store = wire.through_proxy(&environment).await;
        wire.proxy.cut_after(sender, messages);
        let intent = sample::intent("main", sample::at(1));
        let id = store.append(lease.epoch, &intent).await.unwrap();
        let mut done = sample::done(id, "main");
        done.duration = Some(("sim.postgres.server".to_owned(), "create".to_owned(), 120));
        let serial = store.commit(lease.epoch, &done).await.unwrap();
        let was_cut = wire.proxy.was_cut();

        assert_eq!((id.0, serial), (1, Serial(1)), "after message {messages}");
        check(&direct, &BTreeMap::from([(serial, "main".to_owned())])).await;
        let state = direct.load().await.unwrap().unwrap();
        assert!(state.open_intents.is_empty());
        assert_eq!(state.durations.get("sim.postgres.server", "create"), Some(120));
        let entry = &direct.history(Serial(1)).await.unwrap()[0];
        assert_eq!(entry.outcome, Some(Outcome::Done));
        if !was_cut {
            return Some(messages);
        }
    }
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_is_recorded_once_wherever_the_connection_is_cut_on_the_way_to_the_server() {
    let messages = place!(cut_everywhere(Sender::Store).await);
    assert!(messages > 100, "only {messages} messages were cut");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_is_recorded_once_wherever_the_connection_is_cut_on_the_way_back() {
    let messages = place!(cut_everywhere(Sender::Server).await);
    assert!(messages > 100, "only {messages} messages were cut");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_is_granted_once_wherever_the_connection_is_cut() {
    let wire = Wire::to(place!(Place::start())).await;
    wire.direct("first").await.acquire(&asked("jo", 1)).await.unwrap();
    for messages in 1.. {
        let environment = format!("cut-{messages}");
        let store = wire.through_proxy(&environment).await;
        wire.proxy.cut_after(Sender::Server, messages);
        // A second grant would be refused, for the first one is held.
        let lease = store.acquire(&asked("jo", 3600)).await.unwrap();
        assert_eq!(lease.epoch.0, 1);
        if !wire.proxy.was_cut() {
            assert!(messages > 50, "only {messages} messages were cut");
            break;
        }
    }
}

/// Cuts the store off in the middle of `write`, lets others do something, and lets it in again. Returns what it said.
async fn cut_off<T>(
    proxy: &Proxy,
    write: impl Future<Output = Result<T, StoreError>>,
    meanwhile: impl Future<Output = ()>,
) -> Result<T, StoreError> {
    let mut write = std::pin::pin!(write);
    let meanwhile = async {
        proxy.cut().await;
        meanwhile.await;
        proxy.open_door();
    };
    let answer = tokio::select! {
        answer = &mut write => answer,
        () = meanwhile => write.await,
    };
    proxy.open_door();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_was_cut_off_and_taken_over_is_told_as_it_was() {
    let wire = Wire::to(place!(Place::start())).await;
    let (mut carried_out, mut fenced) = (0, 0);
    for messages in 1.. {
        let environment = format!("cut-{messages}");
        let other = wire.direct(&environment).await;
        let lease = begin(&other).await;
        let store = wire.through_proxy(&environment).await;
        wire.proxy.cut_off_after(Sender::Store, messages);
        let commit = sample::put("main", 1);
        let answer = cut_off(&wire.proxy, store.commit(lease.epoch, &commit), async {
            // The old transaction ends before these get the row, either way.
            other.release(&lease).await.unwrap();
            let lease = other.acquire(&asked("kim@desktop", 3600)).await.unwrap();
            other.commit(lease.epoch, &sample::put("other", 1)).await.unwrap();
        });
        let answer = answer.await;
        let history = other.history(Serial(1)).await.unwrap();
        let written: Vec<RecordKey> = history.iter().map(|entry| entry.changes[0].key.clone()).collect();
        let was_cut = wire.proxy.was_cut();
        match answer {
            Ok(serial) => {
                assert_eq!((serial, &written[0]), (Serial(1), &sample::key("main")));
                carried_out += usize::from(was_cut);
            }
            Err(StoreError::Fenced { by, .. }) => {
                assert_eq!(
                    (by.as_str(), written),
                    ("kim@desktop", vec![sample::key("other")])
                );
                fenced += 1;
            }
            Err(error) => panic!("{error:?}"),
        }
        if !was_cut {
            break;
        }
    }
    assert!(
        carried_out > 0 && fenced > 10,
        "{carried_out} carried out, {fenced} fenced"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_intent_that_was_cut_off_is_told_as_it_was_or_as_unknown() {
    let wire = Wire::to(place!(Place::start())).await;
    let (mut carried_out, mut unknown) = (0, 0);
    for messages in 1.. {
        let environment = format!("cut-{messages}");
        let other = wire.direct(&environment).await;
        let lease = begin(&other).await;
        let store = wire.through_proxy(&environment).await;
        wire.proxy.cut_off_after(Sender::Store, messages);
        let intent = sample::intent("main", sample::at(1));
        let answer = cut_off(&wire.proxy, store.append(lease.epoch, &intent), async {
            // Under the same lease, so that no epoch tells the writes apart.
            other.commit(lease.epoch, &sample::put("other", 1)).await.unwrap();
        });
        let answer = answer.await;
        let was_cut = wire.proxy.was_cut();
        let open = other.load().await.unwrap().unwrap().open_intents;
        match answer {
            Ok(id) => {
                assert_eq!(open.iter().map(|open| open.id).collect::<Vec<_>>(), [id]);
                carried_out += usize::from(was_cut);
            }
            Err(error) => {
                let cause = std::error::Error::source(&error).unwrap().to_string();
                assert!(cause.contains("could not be found out"), "{cause}");
                assert!(open.is_empty());
                unknown += 1;
            }
        }
        if !was_cut {
            break;
        }
    }
    assert!(carried_out > 10, "{carried_out} carried out, {unknown} unknown");
}

/// Stops a writer after so many messages, as a process that is stopped in the middle of a change, and continues it after
/// another one took the lease and wrote.
async fn stand_still(place: Place, messages: i64) {
    let wire = Wire::to(place).await;
    let other = wire.direct("local").await;
    let store = wire.through_proxy("local").await;
    let lease = store.acquire(&asked("jo@laptop", 1)).await.unwrap();
    store.initialize(lease.epoch, &sample::header()).await.unwrap();
    wire.proxy.hold_after(Sender::Store, messages);
    let commit = sample::put("main", 1);
    let stopped = store.commit(lease.epoch, &commit);
    let taking_over = async {
        wire.proxy.cut().await;
        let began = std::time::Instant::now();
        // The server may not have come to the messages that reached it: until it has, the lease is held as always.
        let lease = loop {
            match other.acquire(&asked("kim@desktop", 3600)).await {
                Err(StoreError::Held { .. }) => tokio::task::yield_now().await,
                answer => break answer.unwrap(),
            }
        };
        other.commit(lease.epoch, &sample::put("other", 1)).await.unwrap();
        wire.proxy.go_on();
        began.elapsed()
    };
    let (answer, waited) = tokio::join!(stopped, taking_over);
    // Had it not held the lock, the other one would have waited for the lease alone, which lasts a second.
    assert!(
        waited > Duration::from_secs(5) && waited < Duration::from_secs(20),
        "{waited:?}"
    );
    match answer {
        Err(StoreError::Fenced { by, .. }) => assert_eq!(by, "kim@desktop"),
        answer => panic!("it is fenced, but: {answer:?}"),
    }
    check(&other, &BTreeMap::from([(Serial(1), "other".to_owned())])).await;
}

/// The messages with which a commit of one record locks and looks: one to begin, and five each for six questions.
const LOOKING: i64 = 1 + 5 * 6;

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_stands_still_before_it_writes_blocks_others_for_seconds_and_then_writes_nothing() {
    stand_still(place!(Place::start()), LOOKING).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_stands_still_within_a_statement_blocks_others_for_seconds_and_then_writes_nothing() {
    stand_still(place!(Place::start()), LOOKING + 3).await;
}
