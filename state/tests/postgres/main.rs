//! The PostgreSQL store on a real server that each test starts for itself.
#![cfg(feature = "postgres")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do, by a panic")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use infra_model::clock::{Clock as _, SystemClock};
use infra_model::record::{RecordKey, Serial};
use infra_state::conformance::{OpenStore, SharedStore, sample};
use infra_state::contract::{Lease, LeaseRequest, Store};
use infra_state::history::verify_chain;
use infra_state::stores::postgres::{LeaseClock, OpenRequest, PostgresStore, open_with};

use crate::server::Server;

mod cost;
mod crash;
mod cuts;
mod damage;
mod leases;
mod migrations;
mod pooler;
mod processes;
mod proxy;
mod secrets;
mod server;
mod silence;
mod tls;

/// A server with one environment in it.
#[derive(Debug)]
struct Place {
    server: Server,
    clock: LeaseClock,
}

impl Place {
    /// Starts a server; none, with a line that says why, where none is installed. Leases are judged by the server.
    fn start() -> Option<Self> {
        Place::start_with(&[])
    }

    fn start_with(settings: &[&str]) -> Option<Self> {
        let thread = std::thread::current();
        let server = Server::start_with(thread.name().unwrap_or("postgres"), settings)?;
        Some(Place {
            server,
            clock: LeaseClock::Server,
        })
    }

    /// Returns it with leases judged by the callers' time, as tests in simulated time need it.
    fn in_callers_time(self) -> Self {
        Place {
            clock: LeaseClock::Caller,
            ..self
        }
    }

    fn request(&self) -> OpenRequest {
        OpenRequest {
            url: self.server.url(""),
            stack: "shop".to_owned(),
            environment: "local".to_owned(),
        }
    }

    /// Runs SQL as somebody with a client does.
    async fn sql(&self, statements: &str) -> Result<(), tokio_postgres::Error> {
        self.client().await.batch_execute(statements).await
    }

    /// Returns the first column of the first row of a query, as text.
    async fn value(&self, query: &str) -> String {
        let row = self
            .client()
            .await
            .query_one(&format!("select ({query})::text"), &[])
            .await;
        row.unwrap().get(0)
    }

    async fn client(&self) -> tokio_postgres::Client {
        let config: tokio_postgres::Config = self.server.url("").expose().parse().unwrap();
        let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    async fn store(&self) -> PostgresStore {
        open_with(&self.request(), self.clock).await.unwrap()
    }
}

#[async_trait]
impl OpenStore for Place {
    async fn open(&self) -> SharedStore {
        Arc::new(self.store().await)
    }
}

/// Takes the lease for an hour of the server's time and begins the state.
async fn begin(store: &PostgresStore) -> Lease {
    let lease = store.acquire(&asked("jo@laptop, process 1", 3600)).await.unwrap();
    store.initialize(lease.epoch, &sample::header()).await.unwrap();
    lease
}

/// Returns a request of the lease at the machine's time.
fn asked(holder: &str, seconds: u64) -> LeaseRequest {
    LeaseRequest {
        holder: holder.to_owned(),
        now: SystemClock.now(),
        duration: Duration::from_secs(seconds),
    }
}

/// Returns the name of a sample record.
fn name_of(key: &RecordKey) -> String {
    key.address.component().label().to_owned()
}

/// Checks that exactly these commits, each of one sample record, are in a store: none is missing, none is there twice.
async fn check(store: &PostgresStore, acknowledged: &BTreeMap<Serial, String>) {
    let history = store.history(Serial(1)).await.unwrap();
    verify_chain(&history).unwrap();
    let written: BTreeMap<Serial, &RecordKey> = history
        .iter()
        .map(|entry| (entry.serial, &entry.changes[0].key))
        .collect();
    let expected: BTreeMap<Serial, RecordKey> = acknowledged
        .iter()
        .map(|(serial, name)| (*serial, sample::key(name)))
        .collect();
    assert_eq!(
        written,
        expected.iter().map(|(serial, key)| (*serial, key)).collect()
    );
    let state = store.load().await.unwrap().unwrap();
    assert_eq!(state.serial.0 as usize, expected.len());
    for (serial, key) in &expected {
        assert_eq!(state.records[key].serial, *serial, "{key}");
    }
    assert_eq!(state.records.len(), expected.len());
}

/// Starts a server for a test, or ends the test where none is installed.
macro_rules! place {
    ($start:expr) => {
        match $start {
            Some(place) => place,
            None => return,
        }
    };
}
pub(crate) use place;

infra_state::conformance_suite!(place!(Place::start()).in_callers_time());
