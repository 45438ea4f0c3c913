//! The stores that are measured. To measure another one, implement [`Subject`] for it and name it in [`subjects`].

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use infra_state::conformance::{SharedStore, sample};
use infra_state::stores::memory::MemoryStore;
use infra_state::stores::{embedded, object, postgres};
use tempfile::TempDir;

use server::Server;

#[path = "../../tests/postgres/server.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
#[expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do, by a panic")]
mod server;

/// A kind of store to be measured.
#[async_trait]
pub(crate) trait Subject {
    /// What it is called.
    fn name(&self) -> &'static str;

    /// Returns an empty store.
    async fn open(&self) -> SharedStore;

    /// Returns how many bytes all its stores have written so far; none if it writes nowhere. Nothing else writes while
    /// changes are counted.
    fn written(&self) -> Option<u64>;
}

/// Returns all that this machine has.
pub(crate) fn subjects() -> Vec<Box<dyn Subject>> {
    let folder = || tempfile::tempdir().expect("a folder");
    let mut subjects: Vec<Box<dyn Subject>> = vec![
        Box::new(Memory),
        Box::new(Embedded(folder())),
        Box::new(Object(folder())),
    ];
    // Writing whole pages after each checkpoint is the server's affair, and would hide what a change writes.
    let settings = ["checkpoint_timeout=1h", "max_wal_size=8GB", "autovacuum=off"];
    if let Some(server) = Server::start_with("benchmark of saving", &settings) {
        subjects.push(Box::new(Postgres(server)));
    }
    subjects
}

struct Memory;

#[async_trait]
impl Subject for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    async fn open(&self) -> SharedStore {
        Arc::new(MemoryStore::new())
    }

    fn written(&self) -> Option<u64> {
        None
    }
}

struct Embedded(TempDir);

#[async_trait]
impl Subject for Embedded {
    fn name(&self) -> &'static str {
        "embedded"
    }

    async fn open(&self) -> SharedStore {
        let request = embedded::OpenRequest {
            path: folder_in(&self.0),
            holder: "bench".to_owned(),
            now: sample::at(0),
        };
        Arc::new(embedded::open(&request).expect("nobody else has the store"))
    }

    fn written(&self) -> Option<u64> {
        written_by_this_process()
    }
}

/// In a folder: the protocol is the same as in a bucket, and every byte can be counted.
struct Object(TempDir);

#[async_trait]
impl Subject for Object {
    fn name(&self) -> &'static str {
        "object"
    }

    async fn open(&self) -> SharedStore {
        let request = object::OpenRequest {
            url: format!("file://{}", folder_in(&self.0).display()),
            options: BTreeMap::new(),
            path: "bench/local".to_owned(),
        };
        Arc::new(object::open(&request).await.expect("a folder"))
    }

    fn written(&self) -> Option<u64> {
        written_by_this_process()
    }
}

struct Postgres(Server);

#[async_trait]
impl Subject for Postgres {
    fn name(&self) -> &'static str {
        "postgres"
    }

    async fn open(&self) -> SharedStore {
        // A schema of its own, so that what other states left is not in the way.
        static SCHEMAS: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = SCHEMAS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let request = postgres::OpenRequest {
            url: self.0.url(&format!("schema=bench{number}")),
            stack: "bench".to_owned(),
            environment: "local".to_owned(),
        };
        Arc::new(postgres::open(&request).await.expect("a server"))
    }

    /// The log of changes, which the server writes before anything else.
    fn written(&self) -> Option<u64> {
        let query = "select (pg_current_wal_insert_lsn() - '0/0')::bigint";
        self.0.client("psql", &["-Atc", query]).trim().parse().ok()
    }
}

fn folder_in(parent: &TempDir) -> PathBuf {
    tempfile::tempdir_in(parent).expect("a folder").keep()
}

fn written_by_this_process() -> Option<u64> {
    let counters = std::fs::read_to_string("/proc/self/io").ok()?;
    let counters: BTreeMap<&str, &str> = counters
        .lines()
        .filter_map(|line| line.split_once(": "))
        .collect();
    counters.get("wchar")?.parse().ok()
}
