//! What the tests share: machines with a checkout of a stack each, around stores and a cloud that outlive them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt as _;
use infra_engine::apply::interrupt::Interrupt;
use infra_engine::apply::outcome::ApplyOutcome;
use infra_engine::apply::{self, ApplyPlan};
use infra_engine::backend::{
    Backend, ConnectRequest, Keyring, ProviderFactory, StoreFactory, StoreRequest, SystemEntropy,
};
use infra_engine::error::EngineError;
use infra_engine::opened::{self, Absent, Opened, Target};
use infra_engine::plan::options::Options;
use infra_engine::plan::{self, PlanRequest, Planned};
use infra_model::clock::{Clock, Timestamp};
use infra_model::event::Silent;
use infra_model::journal::{Commit, Epoch, HistoryEntry, Intent, IntentId};
use infra_model::record::Serial;
use infra_model::store::StoreChoice;
use infra_provider::error::ProviderError;
use infra_provider::provider::Provider;
use infra_state::archive::Archive;
use infra_state::contract::{Lease, LeaseRequest, State, StateHeader, Store, StoreError};
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
    pub(crate) fuse: Fuse,
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
            fuse: Fuse::default(),
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

    /// Lets time pass, so that leases of whoever was killed run out.
    pub(crate) fn pass(&self, time: Duration) {
        let mut now = self.clock.0.lock().unwrap();
        *now = now.after(time);
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
            entropy: Arc::new(SystemEntropy),
            policy: Default::default(),
            observer: Arc::new(Silent),
            who: format!("kim@{}", self.name),
        }
    }

    /// Opens the environment, as a command does that says what happens where there is no state.
    pub(crate) async fn open(&self, absent: Absent) -> Result<Opened, EngineError> {
        opened::open(&self.backend(), &self.target(), absent, Duration::ZERO).await
    }

    /// Plans what the stack wants, for an apply.
    pub(crate) async fn plan(&self) -> Planned {
        let request = PlanRequest {
            target: self.target(),
            intent: plan::Intent::Apply,
            options: Options {
                refresh: true,
                ..Options::default()
            },
            wait: Duration::ZERO,
        };
        let planned = plan::plan(&self.backend(), &request).await;
        planned.unwrap_or_else(|error| panic!("{}", shown(&error)))
    }

    /// Applies a plan to its end.
    pub(crate) async fn finish(&self, planned: &Planned) {
        let request = ApplyPlan {
            planned,
            command: "apply",
            wait: Duration::ZERO,
            interrupt: &Interrupt::never(),
        };
        let applied = apply::apply(&self.backend(), request).await;
        let applied = applied.unwrap_or_else(|error| panic!("{}", shown(&error)));
        assert!(
            matches!(applied.outcome, ApplyOutcome::Completed(_)),
            "{applied:?}"
        );
    }

    /// Applies this stack and returns the serial that the state has then.
    pub(crate) async fn apply(&self, stack: &str) -> Serial {
        self.write("stack.hcl", stack);
        let planned = self.plan().await;
        self.finish(&planned).await;
        self.open(Absent::Refuse).await.unwrap().state.serial
    }

    /// Returns the name of the place of this machine's own store.
    pub(crate) fn own_store(&self) -> String {
        format!("{}/test", self.name)
    }

    /// Returns the file that notes where the state was seen.
    pub(crate) fn note(&self) -> Option<String> {
        std::fs::read_to_string(self.path(".infra/test/store.json")).ok()
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
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

/// Kills an engine at one of its calls to a store: from then on all its calls fail.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fuse(Arc<Mutex<Wire>>);

#[derive(Debug, Default)]
struct Wire {
    /// How many calls are left; none for any number.
    calls: Option<u32>,
    death: Death,
}

/// When an engine dies at a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Death {
    /// Before the store hears of it.
    #[default]
    Before,
    /// Before the engine hears the answer.
    After,
}

impl Fuse {
    /// Kills the engine at the call after so many.
    pub(crate) fn blow_after(&self, calls: u32, death: Death) {
        let calls = Some(calls);
        *self.0.lock().unwrap() = Wire { calls, death };
    }

    /// Starts an engine that nobody kills.
    pub(crate) fn mend(&self) {
        *self.0.lock().unwrap() = Wire::default();
    }

    async fn call<T>(&self, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let killed = || StoreError::Io {
            attempt: "reached",
            source: "the engine was killed".into(),
        };
        let dies = {
            let mut wire = self.0.lock().unwrap();
            match wire.calls {
                None => None,
                Some(0) => {
                    // The first call after the last may still have its effect, all others do not.
                    let death = std::mem::replace(&mut wire.death, Death::Before);
                    Some(death)
                }
                Some(calls) => {
                    wire.calls = Some(calls - 1);
                    None
                }
            }
        };
        match dies {
            None => call.await,
            Some(Death::Before) => Err(killed()),
            Some(Death::After) => {
                let _ = call.await;
                Err(killed())
            }
        }
    }
}

/// A store that an engine uses until it is killed.
#[derive(Debug)]
struct FusedStore {
    store: MemoryStore,
    fuse: Fuse,
}

#[async_trait]
impl Store for FusedStore {
    async fn load(&self) -> Result<Option<State>, StoreError> {
        self.fuse.call(self.store.load()).await
    }

    async fn initialize(&self, epoch: Epoch, header: &StateHeader) -> Result<(), StoreError> {
        self.fuse.call(self.store.initialize(epoch, header)).await
    }

    async fn restore(&self, epoch: Epoch, archive: &Archive) -> Result<(), StoreError> {
        self.fuse.call(self.store.restore(epoch, archive)).await
    }

    async fn acquire(&self, request: &LeaseRequest) -> Result<Lease, StoreError> {
        self.fuse.call(self.store.acquire(request)).await
    }

    async fn renew(&self, lease: &Lease, now: Timestamp) -> Result<Lease, StoreError> {
        self.fuse.call(self.store.renew(lease, now)).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.fuse.call(self.store.release(lease)).await
    }

    async fn append(&self, epoch: Epoch, intent: &Intent) -> Result<IntentId, StoreError> {
        self.fuse.call(self.store.append(epoch, intent)).await
    }

    async fn commit(&self, epoch: Epoch, commit: &Commit) -> Result<Serial, StoreError> {
        self.fuse.call(self.store.commit(epoch, commit)).await
    }

    async fn history(&self, from: Serial) -> Result<Vec<HistoryEntry>, StoreError> {
        self.fuse.call(self.store.history(from)).await
    }
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
    async fn open(&self, request: &StoreRequest<'_>) -> Result<Arc<dyn Store>, StoreError> {
        let place = match request.choice {
            StoreChoice::Embedded => self.machine.to_owned(),
            StoreChoice::Object(object) => object.url.clone(),
            StoreChoice::Postgres { url } => url.expose().to_owned(),
            StoreChoice::Hidden => panic!("only a stack that is looked at has such a store"),
        };
        Ok(Arc::new(FusedStore {
            store: self.team.store(&format!("{place}/{}", request.environment)),
            fuse: self.team.fuse.clone(),
        }))
    }

    fn set_aside(&self, request: &StoreRequest<'_>) -> Result<Option<PathBuf>, StoreError> {
        if *request.choice != StoreChoice::Embedded {
            return Ok(None);
        }
        let place = format!("{}/{}", self.machine, request.environment);
        let mut stores = self.team.stores.lock().unwrap();
        let is_made = |store: &MemoryStore| store.load().now_or_never().unwrap().unwrap().is_some();
        if !stores.get(&place).is_some_and(is_made) {
            return Ok(None);
        }
        let aside = format!("{place} aside");
        let store = stores.remove(&place).unwrap();
        stores.insert(aside.clone(), store);
        Ok(Some(PathBuf::from(aside)))
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
