//! The concrete parts of a simulated engine: its cloud, its store, its key, its time, its chance.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use infra_engine::backend::{
    ConnectRequest, Entropy, EntropyError, Keyring, ProviderFactory, StoreFactory, StoreRequest,
};
use infra_model::clock::{Clock, Timestamp};
use infra_model::sealing::{OpenError, Sealed, Sealing, Secret};
use infra_provider::error::ProviderError;
use infra_provider::provider::Provider;
use infra_state::contract::{Store, StoreError};
use infra_state::sealing::DataKey;
use infra_state::sealing::error::KeyError;
use provider_sim::cloud::Cloud;
use provider_sim::provider::SimProvider;
use tokio::time::Instant;

use super::call::CalledProvider;
use super::keeping::KeptStore;
use super::life::Life;
use super::sabotage::{BrokenProvider, Sabotage};
use super::world::{ACCOUNT, Watch};

/// Connects engines to the simulated cloud.
#[derive(Debug)]
pub struct Providers {
    /// The cloud.
    pub cloud: Cloud,
    /// How the provider is broken on purpose.
    pub sabotage: Option<Sabotage>,
    /// Whose calls these are.
    pub life: Life,
    /// Who watches.
    pub watch: Arc<Watch>,
}

#[async_trait]
impl ProviderFactory for Providers {
    fn knows(&self, provider: &str) -> bool {
        provider == "sim"
    }

    async fn connect(&self, request: &ConnectRequest<'_>) -> Result<Arc<dyn Provider>, ProviderError> {
        let sim: Arc<dyn Provider> = Arc::new(SimProvider::connect(&self.cloud, ACCOUNT, request.lineage));
        let provider = match self.sabotage {
            Some(sabotage) => Arc::new(BrokenProvider::new(sim, sabotage, &self.watch)),
            None => sim,
        };
        Ok(Arc::new(CalledProvider::new(provider, &self.life, &self.watch)))
    }
}

/// Opens the one store.
#[derive(Debug)]
pub struct Stores {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Whose calls these are.
    pub life: Life,
    /// Who watches.
    pub watch: Arc<Watch>,
}

#[async_trait]
impl StoreFactory for Stores {
    async fn open(&self, _request: &StoreRequest<'_>) -> Result<Arc<dyn Store>, StoreError> {
        Ok(Arc::new(KeptStore {
            inner: self.store.clone(),
            life: self.life.clone(),
            watch: self.watch.clone(),
        }))
    }

    fn set_aside(&self, _request: &StoreRequest<'_>) -> Result<Option<PathBuf>, StoreError> {
        Ok(None)
    }
}

/// The time of tokio's clock, which is paused.
#[derive(Debug)]
pub struct VirtualClock(Instant);

impl VirtualClock {
    /// Returns a clock that begins now.
    #[must_use]
    pub fn begin() -> Self {
        VirtualClock(Instant::now())
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000).after(self.0.elapsed())
    }
}

/// The bytes of a seed.
#[derive(Debug)]
pub struct Bytes(Mutex<fastrand::Rng>);

impl Bytes {
    /// Returns the bytes of a seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Bytes(Mutex::new(fastrand::Rng::with_seed(seed)))
    }
}

impl Entropy for Bytes {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill(bytes);
        Ok(())
    }
}

/// A keyring with one key that comes from the seed: wrapping it for real takes a second each time.
#[derive(Clone, Debug)]
pub struct FixedKey([u8; 32]);

impl FixedKey {
    /// Returns the key of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut key = [0; 32];
        fastrand::Rng::with_seed(seed).fill(&mut key);
        FixedKey(key)
    }

    fn key(&self) -> DataKey {
        DataKey::from_bytes(self.0.into())
    }
}

impl Keyring for FixedKey {
    fn wrap(&self, _key: &DataKey) -> Result<String, KeyError> {
        Ok("the simulated key".to_owned())
    }

    fn unwrap(&self, _wrapped: &str) -> Result<DataKey, KeyError> {
        Ok(self.key())
    }
}

impl Sealing for FixedKey {
    fn seal(&self, secret: &Secret) -> Sealed {
        self.key().seal(secret)
    }

    fn open(&self, sealed: &Sealed) -> Result<Secret, OpenError> {
        self.key().open(sealed)
    }
}
