//! What the tests share: machines with a checkout of a stack each, around stores and a cloud that outlive them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use infra_engine::backend::{Backend, ConnectRequest, Keyring, ProviderFactory, StoreFactory, StoreRequest};
use infra_engine::error::EngineError;
use infra_engine::opened::{self, Absent, Opened, Target};
use infra_model::clock::{Clock, Timestamp};
use infra_model::event::Silent;
use infra_model::store::StoreChoice;
use infra_provider::error::ProviderError;
use infra_provider::provider::Provider;
use infra_state::contract::{Store, StoreError};
use infra_state::sealing::DataKey;
use infra_state::sealing::error::KeyError;
use infra_state::sealing::identity::{self, Identity};
use infra_state::sealing::wrapping::{self, KeyHolder};
use infra_state::stores::memory::MemoryStore;
use provider_sim::cloud::{Cloud, Latency};
use provider_sim::provider::SimProvider;
use tempfile::TempDir;

/// What all machines of a team share: a cloud, stores that any of them reaches, a key, and the time.
#[derive(Clone, Debug)]
pub(crate) struct Team {
    pub(crate) cloud: Cloud,
    pub(crate) stores: Arc<Mutex<BTreeMap<String, MemoryStore>>>,
    identity: Identity,
    clock: Arc<TestClock>,
}

/// A machine with a checkout of the stack. Its own store is on itself.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) team: Team,
    pub(crate) folder: TempDir,
    name: &'static str,
}

impl Team {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let cloud = Cloud::new(1, "account");
        cloud.take_time(Latency {
            look: Duration::ZERO,
            create: Duration::ZERO,
            update: Duration::ZERO,
            delete: Duration::ZERO,
        });
        Team {
            cloud,
            stores: Arc::default(),
            identity: identity::create(&folder.path().join("identity.txt")).unwrap(),
            clock: Arc::default(),
        }
    }

    /// Returns a machine with this stack and one environment `test` of the simulated cloud.
    pub(crate) fn machine(&self, name: &'static str, stack: &str) -> Machine {
        let machine = Machine {
            team: self.clone(),
            folder: TempDir::new().unwrap(),
            name,
        };
        let environment = "environment \"test\" {\n  provider \"sim\" { account = \"account\" }\n}\n";
        machine.write("env/test.hcl", environment);
        machine.write("stack.hcl", stack);
        machine
    }

    /// Returns the store at a place, made if there is none.
    pub(crate) fn store(&self, place: &str) -> MemoryStore {
        self.stores
            .lock()
            .unwrap()
            .entry(place.to_owned())
            .or_default()
            .clone()
    }
}

impl Machine {
    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn target(&self) -> Target {
        Target {
            folder: self.folder.path().to_owned(),
            environment: "test".to_owned(),
            variables: BTreeMap::new(),
        }
    }

    pub(crate) fn backend(&self) -> Backend {
        Backend {
            providers: Arc::new(Clouds(self.team.cloud.clone())),
            stores: Arc::new(Shelf {
                team: self.team.clone(),
                machine: self.name,
            }),
            keys: Arc::new(Keys(self.team.identity.clone())),
            clock: self.team.clock.clone(),
            observer: Arc::new(Silent),
            who: format!("kim@{}", self.name),
        }
    }

    /// Opens the environment, as a command does that says what happens where there is no state.
    pub(crate) async fn open(&self, absent: Absent) -> Result<Opened, EngineError> {
        opened::open(&self.backend(), &self.target(), absent, Duration::ZERO).await
    }

    /// Returns the name of the place of this machine's own store.
    pub(crate) fn own_store(&self) -> String {
        format!("{}/test", self.name)
    }

    /// Returns the file that notes where the state was seen.
    pub(crate) fn note(&self) -> Option<String> {
        std::fs::read_to_string(self.path(".infra/test/store.json")).ok()
    }

    pub(crate) fn path(&self, file: &str) -> std::path::PathBuf {
        Path::new(self.folder.path()).join(file)
    }
}

/// Returns an error as the command line shows it: with its causes and what to do.
pub(crate) fn shown(error: &EngineError) -> String {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    let mut lines: Vec<String> = causes.map(ToString::to_string).collect();
    lines.extend(error.hint().map(|hint| format!("Hint: {hint}")));
    lines.join("\n")
}

/// The time, which passes when a test says so.
#[derive(Debug)]
struct TestClock(Mutex<Timestamp>);

impl Default for TestClock {
    fn default() -> Self {
        TestClock(Mutex::new(Timestamp::from_millis(1_700_000_000_000)))
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

struct Clouds(Cloud);

#[async_trait]
impl ProviderFactory for Clouds {
    fn knows(&self, _: &str) -> bool {
        true
    }

    async fn connect(&self, request: &ConnectRequest<'_>) -> Result<Arc<dyn Provider>, ProviderError> {
        Ok(Arc::new(SimProvider::connect(
            &self.0,
            "account",
            request.lineage,
        )))
    }
}

/// Stores in memory: one per machine, and one per URL for all.
struct Shelf {
    team: Team,
    machine: &'static str,
}

#[async_trait]
impl StoreFactory for Shelf {
    fn knows(&self, _: &StoreChoice) -> bool {
        true
    }

    async fn open(&self, request: &StoreRequest<'_>) -> Result<Arc<dyn Store>, StoreError> {
        let place = match request.choice {
            StoreChoice::Embedded => self.machine.to_owned(),
            StoreChoice::Object(object) => object.url.clone(),
            StoreChoice::Postgres { url } => url.expose().to_owned(),
        };
        Ok(Arc::new(
            self.team.store(&format!("{place}/{}", request.environment)),
        ))
    }
}

struct Keys(Identity);

impl Keys {
    fn holder(&self) -> KeyHolder {
        KeyHolder::Identity(self.0.clone())
    }
}

impl Keyring for Keys {
    fn wrap(&self, key: &DataKey) -> Result<String, KeyError> {
        wrapping::wrap(key, &self.holder())
    }

    fn unwrap(&self, wrapped: &str) -> Result<DataKey, KeyError> {
        wrapping::unwrap(wrapped, &self.holder())
    }
}
