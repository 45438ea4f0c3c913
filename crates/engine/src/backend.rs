//! What the command line chooses: providers, stores, keys, the clock, and who hears events.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use infra_apply::world::Policy;
use infra_model::clock::Clock;
use infra_model::environment::Environment;
use infra_model::event::Observer;
use infra_model::schema::SchemaSet;
use infra_model::sealing::Sealing;
use infra_model::snapshot::Lineage;
use infra_model::stack::Stack;
use infra_model::store::StoreChoice;
use infra_provider::error::ProviderError;
use infra_provider::lowering::Lowering;
use infra_provider::permissions::Permitting;
use infra_provider::provider::Provider;
use infra_state::contract::{Store, StoreError};
use infra_state::sealing::DataKey;
use infra_state::sealing::error::KeyError;

/// The concrete parts behind the contracts.
#[derive(Clone)]
pub struct Backend {
    /// Connects providers.
    pub providers: Arc<dyn ProviderFactory>,
    /// Opens stores.
    pub stores: Arc<dyn StoreFactory>,
    /// Wraps and unwraps data keys.
    pub keys: Arc<dyn Keyring>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives random bytes.
    pub entropy: Arc<dyn Entropy>,
    /// How patient runs are and how much they do at once. Each run has its own seed, so the one in here is not used.
    pub policy: Policy,
    /// Hears events.
    pub observer: Arc<dyn Observer>,
    /// Who runs the command, as leases and the history show it: `user@host`.
    pub who: String,
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend")
            .field("who", &self.who)
            .finish_non_exhaustive()
    }
}

/// Connects the provider that an environment names.
#[async_trait]
pub trait ProviderFactory: Send + Sync {
    /// Tells whether the engine was built with this provider.
    fn knows(&self, provider: &str) -> bool;

    /// Tells whether environments of the provider are stopped and started by us. What only the connected provider can tell counts as
    /// yes.
    fn rests(&self, _provider: &str) -> bool {
        true
    }

    /// Says how to get an engine that was built with this provider, where there is such a provider and this one was not.
    fn way_to(&self, _provider: &str) -> Option<&'static str> {
        None
    }

    /// Returns how the provider lowers this stack, if that can be told without connecting: on a machine that has
    /// whatever the stack asks for.
    fn blueprint(&self, _stack: &Stack) -> Option<Blueprint> {
        None
    }

    /// Returns the provider of an environment, ready to lower and observe.
    ///
    /// # Errors
    ///
    /// When there is no such provider, its settings are wrong, or what it needs is missing.
    async fn connect(&self, request: &ConnectRequest<'_>) -> Result<Arc<dyn Provider>, ProviderError>;
}

/// How a provider lowers, apart from what it can reach.
pub struct Blueprint {
    /// Turns components into resources.
    pub lowering: Box<dyn Lowering>,
    /// The types of these resources.
    pub schemas: SchemaSet,
    /// Tells which rights they need; nothing where nobody is asked for any.
    pub permitting: Option<Box<dyn Permitting>>,
}

impl fmt::Debug for Blueprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blueprint").finish_non_exhaustive()
    }
}

/// Asks for the provider of an environment.
#[derive(Clone)]
pub struct ConnectRequest<'a> {
    /// The stack's name.
    pub stack: &'a str,
    /// The environment.
    pub environment: &'a Environment,
    /// The stack's folder, absolute.
    pub folder: &'a Path,
    /// The state that will own what is made.
    pub lineage: &'a Lineage,
    /// Seals what a provider keeps in files.
    pub sealing: Arc<dyn Sealing>,
}

impl fmt::Debug for ConnectRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectRequest")
            .field("environment", &self.environment.name)
            .finish_non_exhaustive()
    }
}

/// Opens the store of an environment.
#[async_trait]
pub trait StoreFactory: Send + Sync {
    /// Returns the store; an empty one where there is none.
    ///
    /// # Errors
    ///
    /// When another process holds it, it is damaged or newer, or it cannot be reached.
    async fn open(&self, request: &StoreRequest<'_>) -> Result<Arc<dyn Store>, StoreError>;

    /// Moves what a store that was left keeps on this machine out of the way, and returns where it is now; nothing if
    /// it keeps nothing here. Nobody has it open.
    ///
    /// # Errors
    ///
    /// When the disk refuses.
    fn set_aside(&self, request: &StoreRequest<'_>) -> Result<Option<PathBuf>, StoreError>;
}

/// Asks for the store of an environment.
#[derive(Clone, Copy, Debug)]
pub struct StoreRequest<'a> {
    /// The stack.
    pub stack: &'a str,
    /// The environment.
    pub environment: &'a str,
    /// What the stack says of it.
    pub choice: &'a StoreChoice,
}

/// Gives bytes that nobody can foresee, for lineages, data keys and random pauses.
///
/// Chance is an input like time: who gives the same bytes, as a simulation does, gets the same run.
pub trait Entropy: Send + Sync {
    /// Fills the bytes.
    ///
    /// # Errors
    ///
    /// When there are none to be had.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError>;
}

/// There are no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("The machine gives no random bytes")]
pub struct EntropyError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// The random bytes of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        getrandom::fill(bytes).map_err(|error| EntropyError(Box::new(error)))
    }
}

/// Keeps what opens data keys: an identity file or a passphrase.
pub trait Keyring: Send + Sync {
    /// Returns the data key as text that only the keyring can open.
    ///
    /// # Errors
    ///
    /// When the identity cannot be read or made.
    fn wrap(&self, key: &DataKey) -> Result<String, KeyError>;

    /// Returns the data key.
    ///
    /// # Errors
    ///
    /// When the keyring does not open it.
    fn unwrap(&self, wrapped: &str) -> Result<DataKey, KeyError>;
}
