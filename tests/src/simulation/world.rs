//! What outlives engines: a cloud, a store, a stack's folder, and who watches all of it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use infra_apply::world::Policy;
use infra_engine::backend::Backend;
use infra_model::address::Address;
use infra_model::event::{Event, Observer};
use infra_model::journal::Epoch;
use infra_model::record::ObjectId;
use infra_model::snapshot::Lineage;
use infra_state::contract::{State, Store};
use infra_state::stores::memory::MemoryStore;
use provider_sim::cloud::Cloud;
use provider_sim::cloud::call::CallKind;
use provider_sim::cloud::fault::FaultKind;
use provider_sim::cloud::object::Object;
use tempfile::TempDir;

use super::backend::{Bytes, FixedKey, Providers, Stores, VirtualClock};
use super::invariant::{Invariant, Violation};
use super::keeping::StoreFault;
use super::life::Life;
use super::sabotage::{self, Sabotage};
use super::tally::Tally;
use super::text::Secrets;
use super::trace::Trace;
use super::wish::Wish;

/// The account of every simulated environment.
pub const ACCOUNT: &str = "account";

/// The environment of every simulated stack.
pub const ENVIRONMENT: &str = "test";

/// What outlives engines.
#[derive(Debug)]
pub struct World {
    /// The cloud.
    pub cloud: Cloud,
    /// The store.
    pub store: MemoryStore,
    /// Who watches.
    pub watch: Arc<Watch>,
    /// What happened.
    pub trace: Trace,
    /// How patient engines are.
    pub policy: Policy,
    folder: TempDir,
    clock: Arc<VirtualClock>,
    bytes: Arc<Bytes>,
    key: FixedKey,
    engines: AtomicU64,
    sabotage: Option<Sabotage>,
}

/// Notices what must not happen while an engine runs.
#[derive(Debug)]
pub struct Watch {
    /// Secrets that must not be seen.
    pub secrets: Secrets,
    granted: AtomicU64,
    seen: Mutex<Seen>,
    trace: Trace,
}

#[derive(Debug)]
struct Seen {
    violation: Option<Violation>,
    tally: Tally,
    random: fastrand::Rng,
    store_per_mille: u32,
}

impl World {
    /// Returns a new world of a seed: an empty cloud, an empty store, an empty folder.
    ///
    /// # Errors
    ///
    /// When the disk refuses the folder.
    pub fn new(seed: u64, policy: Policy, sabotage: Option<Sabotage>) -> io::Result<Self> {
        let trace = Trace::begin();
        let folder = tempfile::tempdir()?;
        std::fs::create_dir(folder.path().join("env"))?;
        Ok(World {
            cloud: Cloud::new(seed, ACCOUNT),
            store: MemoryStore::new(),
            watch: Arc::new(Watch::new(seed, &trace)),
            trace,
            policy,
            folder,
            clock: Arc::new(VirtualClock::begin()),
            bytes: Arc::new(Bytes::seeded(seed)),
            key: FixedKey::of(seed),
            engines: AtomicU64::new(0),
            sabotage,
        })
    }

    /// Returns the folder of the stack.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_path_buf()
    }

    /// Writes what the stack wants into its folder.
    ///
    /// # Errors
    ///
    /// When the disk refuses.
    pub fn write(&self, wish: &Wish) -> io::Result<()> {
        let folder = self.folder.path();
        std::fs::write(folder.join("stack.hcl"), wish.stack())?;
        std::fs::write(
            folder.join("env").join(format!("{ENVIRONMENT}.hcl")),
            Wish::overlay(),
        )?;
        for secret in wish.secrets.values() {
            self.watch.secrets.learn(secret);
        }
        Ok(())
    }

    /// Returns a name for the next engine.
    #[must_use]
    pub fn next_engine(&self) -> String {
        format!("engine {}", self.engines.fetch_add(1, Ordering::SeqCst) + 1)
    }

    /// Returns the backend of an engine.
    #[must_use]
    pub fn backend(&self, life: &Life) -> Backend {
        let observer = Listener {
            life: life.clone(),
            watch: self.watch.clone(),
        };
        Backend {
            providers: Arc::new(Providers {
                cloud: self.cloud.clone(),
                sabotage: self.sabotage,
                life: life.clone(),
                watch: self.watch.clone(),
            }),
            stores: Arc::new(Stores {
                store: self.kept(),
                life: life.clone(),
                watch: self.watch.clone(),
            }),
            keys: Arc::new(self.key.clone()),
            clock: self.clock.clone(),
            entropy: self.bytes.clone(),
            policy: self.policy,
            observer: Arc::new(observer),
            who: life.name().to_owned(),
        }
    }

    /// Returns the store as engines have it below their own boundaries.
    #[must_use]
    pub fn kept(&self) -> Arc<dyn Store> {
        let store = Arc::new(self.store.clone());
        match self.sabotage {
            Some(sabotage) => Arc::new(sabotage::BrokenStore::new(store, sabotage, &self.watch)),
            None => store,
        }
    }

    /// Returns the key that opens the secrets of the state.
    #[must_use]
    pub fn key(&self) -> &FixedKey {
        &self.key
    }

    /// Returns the state; nothing before the first run that made one.
    pub async fn state(&self) -> Option<State> {
        self.store.load().await.ok().flatten()
    }

    /// Returns the lineage of the state; an empty one before there is a state.
    pub async fn lineage(&self) -> Lineage {
        let state = self.state().await;
        state.map(|state| state.header.lineage).unwrap_or_default()
    }

    /// Returns the objects that the state protects.
    pub async fn protected(&self) -> BTreeSet<ObjectId> {
        let state = self.state().await;
        let records = state.iter().flat_map(|state| state.records.values());
        let protected = records.filter(|entry| entry.protect);
        let records = protected.filter_map(|entry| entry.record().ok());
        records.map(|record| record.id.clone()).collect()
    }

    /// Returns the objects of the components with these labels, as far as the state knows them or their tags tell.
    pub async fn objects_of(&self, labels: &BTreeSet<&str>) -> BTreeSet<ObjectId> {
        let is_meant = |address: &Address| labels.contains(label(address));
        let state = self.state().await;
        let records = state.iter().flat_map(|state| &state.records);
        let records = records.filter(|(key, _)| is_meant(&key.address));
        let mut objects: BTreeSet<ObjectId> = records
            .filter_map(|(_, entry)| entry.record().ok())
            .map(|record| record.id.clone())
            .collect();
        let tagged = self.cloud.objects().into_iter();
        let tagged = tagged.filter(|object| object.tag.as_ref().is_some_and(|tag| is_meant(&tag.address)));
        objects.extend(tagged.map(|object| object.id));
        objects
    }

    /// Returns how much was tried in this world.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut tally = self.watch.seen().tally.clone();
        tally.calls = self.cloud.calls().len() as u64;
        tally.faults = self.cloud.faults();
        tally
    }

    /// Tells whether the cloud made an object and another one of one create that reached it twice.
    #[must_use]
    pub fn is_sent_twice(&self, object: &Object) -> bool {
        let address = object.tag.as_ref().map(|tag| &tag.address);
        self.cloud.calls().iter().any(|call| {
            call.fault == Some(FaultKind::Repeated)
                && call.kind == CallKind::Create
                && call.address.as_ref() == address
        })
    }

    /// Deletes, of objects that one create made because it reached the cloud twice, all but the first: that is what
    /// the engine asks a person to do.
    pub async fn remove_what_was_sent_twice(&self) {
        let state = self.state().await;
        let records = state.iter().flat_map(|state| state.records.values());
        let recorded: BTreeSet<ObjectId> = records
            .filter_map(|entry| entry.record().ok())
            .map(|record| record.id.clone())
            .collect();
        let mut tokens = BTreeSet::new();
        for object in self
            .cloud
            .objects()
            .into_iter()
            .filter(|object| !recorded.contains(&object.id))
        {
            let Some(tag) = &object.tag else { continue };
            if !tokens.insert(tag.token.clone()) {
                self.trace.say(format_args!("a person deletes {}", object.id));
                self.cloud.lose(&object.id);
            }
        }
    }

    /// Waits until nothing is on its way any more and everything is shown.
    pub async fn calm_down(&self) {
        if let Some(last) = self.cloud.last_arrival() {
            tokio::time::sleep_until(last).await;
        }
        let ends = |object: &provider_sim::cloud::object::Object| {
            [object.hidden_until, object.unread_until, object.busy_until]
        };
        let objects = self.cloud.objects();
        if let Some(last) = objects.iter().flat_map(ends).flatten().max() {
            tokio::time::sleep_until(last).await;
        }
        // Lists lag behind for a while.
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
}

impl Watch {
    fn new(seed: u64, trace: &Trace) -> Self {
        Watch {
            secrets: Secrets::default(),
            granted: AtomicU64::new(0),
            seen: Mutex::new(Seen {
                violation: None,
                tally: Tally::default(),
                random: fastrand::Rng::with_seed(seed ^ 0x5704_1e5e),
                store_per_mille: 0,
            }),
            trace: trace.clone(),
        }
    }

    /// Makes so many writes of the store in a thousand fail.
    pub fn let_store_fail(&self, per_mille: u32) {
        self.seen().store_per_mille = per_mille;
    }

    /// Returns what goes wrong with the next write.
    #[must_use]
    pub fn store_fault(&self) -> Option<StoreFault> {
        let mut seen = self.seen();
        if seen.store_per_mille == 0 || seen.random.u32(0..1000) >= seen.store_per_mille {
            return None;
        }
        seen.tally.store_faults += 1;
        Some(if seen.random.bool() {
            StoreFault::Refused
        } else {
            StoreFault::AnswerLost
        })
    }

    /// Notes a lease that was granted.
    pub fn granted(&self, epoch: Epoch) {
        self.granted.fetch_max(epoch.0, Ordering::SeqCst);
    }

    /// Returns the epoch of the last lease that was granted.
    #[must_use]
    pub fn current(&self) -> Epoch {
        Epoch(self.granted.load(Ordering::SeqCst))
    }

    /// Notes a write that the store took.
    pub fn written(&self, life: &Life, epoch: Epoch, what: &str) {
        let current = self.granted.load(Ordering::SeqCst);
        if life.epoch() < current || epoch.0 < current {
            let detail = format!(
                "{} wrote `{what}` with its lease {} while lease {current} was given",
                life.name(),
                life.epoch()
            );
            self.found(Invariant::Fenced, detail);
        }
    }

    /// Notes a call that changes something.
    pub fn called(&self, life: &Life, what: &str) {
        let current = self.granted.load(Ordering::SeqCst);
        if life.epoch() < current {
            let detail = format!(
                "{} began `{what}` with its lease {} while lease {current} was given",
                life.name(),
                life.epoch()
            );
            self.found(Invariant::Fenced, detail);
        }
    }

    /// Notes a text that is written or shown somewhere.
    pub fn stored(&self, what: &str, text: impl FnOnce() -> String) {
        if let Some(secret) = self.secrets.found_in(&text()) {
            self.found(Invariant::SecretsSealed, format!("`{secret}` is in {what}"));
        }
    }

    /// Notes that an invariant does not hold. The first one counts: others may follow from it.
    pub fn found(&self, invariant: Invariant, detail: String) {
        self.trace.say(format_args!("VIOLATED {invariant}: {detail}"));
        let violation = Violation { invariant, detail };
        self.seen().violation.get_or_insert(violation);
    }

    /// Returns what was found.
    ///
    /// # Errors
    ///
    /// The first invariant that did not hold.
    pub fn verdict(&self) -> Result<(), Violation> {
        self.seen().violation.clone().map_or(Ok(()), Err)
    }

    /// Counts something.
    pub fn count(&self, count: impl FnOnce(&mut Tally)) {
        count(&mut self.seen().tally);
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hears the events of an engine.
#[derive(Debug)]
struct Listener {
    life: Life,
    watch: Arc<Watch>,
}

impl Observer for Listener {
    fn on_event(&self, event: &Event) {
        let text = format!("{event:?}");
        self.watch.stored("an event", || text.clone());
        self.life.say(format_args!("{text}"));
    }
}

/// Returns the label of the component of an address, without the number of the instance.
fn label(address: &Address) -> &str {
    let component = address.component_str();
    let label = component.split_once('.').map_or(component, |(_, label)| label);
    label.split_once('[').map_or(label, |(label, _)| label)
}

/// Returns the values of the secret variables of a wish.
#[must_use]
pub fn variables(wish: &Wish) -> infra_engine::configuration::Variables {
    let given = |secret: &String| infra_engine::configuration::Given {
        text: infra_model::sealing::Secret::new(secret.clone()),
        origin: infra_engine::configuration::Origin::Argument,
    };
    let secrets: &BTreeMap<String, String> = &wish.secrets;
    secrets
        .iter()
        .map(|(name, secret)| (name.clone(), given(secret)))
        .collect()
}
