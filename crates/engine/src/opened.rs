//! An environment opened for an operation: its stack, its state, its key, its provider.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use infra_model::clock::Timestamp;
use infra_model::diagnostic::{Diagnostic, SourceMap};
use infra_model::event::Event;
use infra_model::plan::GivenDigests;
use infra_model::record::Serial;
use infra_model::snapshot::{Durations, Lineage};
use infra_model::stack::Stack;
use infra_model::store::StoreChoice;
use infra_provider::provider::Provider;
use infra_state::contract::{LeaseRequest, STATE_FORMAT, Standing, State, StateHeader, Store, StoreError};
use infra_state::sealing::DataKey;
use zeroize::Zeroizing;

use crate::backend::{Backend, ConnectRequest, StoreRequest};
use crate::configuration::{self, Read, Variables};
use crate::error::EngineError;
use crate::whereabouts;

/// Names an environment of a stack and what was given for its variables.
#[derive(Clone, Debug)]
pub struct Target {
    /// The stack's folder, absolute.
    pub folder: PathBuf,
    /// The environment's name or alias.
    pub environment: String,
    /// Values of variables.
    pub variables: Variables,
}

/// An environment whose stack was read and whose state is open.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The stack's folder, absolute.
    pub folder: PathBuf,
    /// What the stack wants.
    pub stack: Stack,
    /// Warnings of the stack.
    pub warnings: Vec<Diagnostic>,
    /// The files of the stack.
    pub sources: SourceMap,
    /// The variables given from outside, with a digest of each value that is no secret.
    pub given: GivenDigests,
    /// Where the state is kept.
    pub store: Arc<dyn Store>,
    /// What is remembered.
    pub state: State,
    /// Seals and opens the environment's secrets.
    pub key: Arc<DataKey>,
}

/// For how long a lease holds unless it is renewed.
pub const LEASE_DURATION: Duration = Duration::from_secs(30);

/// How often to look whether another process has given the store back.
const POLL: Duration = Duration::from_millis(200);

/// What to do where an environment has no state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// Make one: something will be recorded in it.
    Make,
    /// Go on with an empty one in memory: what would be is looked at, and looking leaves no trace.
    Imagine,
    /// Say so: without a state there is nothing to look at.
    Refuse,
}

/// Opens an environment.
///
/// # Errors
///
/// When the stack has mistakes, or state or key cannot be opened.
pub async fn open(
    backend: &Backend,
    target: &Target,
    absent: Absent,
    wait: Duration,
) -> Result<Opened, EngineError> {
    let read = configuration::read(target)?;
    if absent != Absent::Refuse {
        known_provider(backend, &read.stack)?;
    }
    attach(backend, target, read, absent, wait).await
}

/// Opens the state of an environment whose stack was read.
pub(crate) async fn attach(
    backend: &Backend,
    target: &Target,
    read: Read,
    absent: Absent,
    wait: Duration,
) -> Result<Opened, EngineError> {
    let stack = &read.stack;
    let environment = stack.environment.name.as_str();
    let in_store = |source| EngineError::store(environment, source);
    let deadline = backend.clock.now().after(wait);
    let store = open_store(backend, stack, &stack.store.choice, deadline).await?;
    // Where there was no state, another process may be making one just now.
    let loaded = patiently(backend, deadline, || store.load()).await;
    let loaded = loaded.map_err(in_store)?;
    whereabouts::check(backend, &target.folder, stack, loaded.as_ref(), deadline).await?;
    let (state, key) = match (loaded, absent) {
        (Some(state), _) => recorded(backend, stack, state)?,
        (None, Absent::Make) => {
            let state = initialize(backend, &*store, stack, deadline).await?;
            whereabouts::note(&target.folder, stack, &state.header.lineage);
            recorded(backend, stack, state)?
        }
        (None, Absent::Imagine) => imagined(backend, stack)?,
        (None, Absent::Refuse) => {
            return Err(EngineError::NeverApplied {
                environment: environment.to_owned(),
            });
        }
    };
    Ok(Opened {
        folder: target.folder.clone(),
        stack: read.stack,
        warnings: read.warnings,
        sources: read.sources,
        given: read.given,
        store,
        state,
        key: Arc::new(key),
    })
}

/// Returns a state with the key that opens its secrets.
fn recorded(backend: &Backend, stack: &Stack, state: State) -> Result<(State, DataKey), EngineError> {
    let header = &state.header;
    if header.stack != stack.name {
        let message = format!(
            "The state belongs to stack `{}`, not `{}`",
            header.stack, stack.name
        );
        let hint = "A stack keeps its name: change it back, or start from an empty state folder";
        return Err(EngineError::request(message, hint));
    }
    let key = backend.keys.unwrap(&header.wrapped_key);
    let key = key.map_err(|source| {
        let environment = stack.environment.name.clone();
        match state.records.is_empty() && state.open_intents.is_empty() {
            true => EngineError::EmptyState { environment, source },
            false => EngineError::Key { environment, source },
        }
    })?;
    Ok((state, key))
}

/// Returns an empty state that no store knows, with a key that nobody keeps.
fn imagined(backend: &Backend, stack: &Stack) -> Result<(State, DataKey), EngineError> {
    let state = State {
        header: header(backend, stack, String::new())?,
        serial: Serial::default(),
        records: BTreeMap::new(),
        open_intents: Vec::new(),
        durations: Durations::default(),
        standing: Standing::InForce,
    };
    Ok((state, new_key(backend)?))
}

/// Refuses an environment whose provider this engine was not built with, before anything of it is opened.
pub(crate) fn known_provider(backend: &Backend, stack: &Stack) -> Result<(), EngineError> {
    let environment = &stack.environment;
    let provider = &environment.provider.name;
    if backend.providers.knows(provider) {
        return Ok(());
    }
    let named = format!("provider `{provider}` of environment `{}`", environment.name);
    if let Some(way) = backend.providers.way_to(provider) {
        return Err(EngineError::request(
            format!("This program was built without the {named}"),
            way,
        ));
    }
    let message = format!("The {named} is not built yet");
    let hint = "Nothing can be planned there; check the stack in all environments with: infra validate";
    Err(EngineError::request(message, hint))
}

impl Opened {
    /// Returns the error of a store's failure in this environment.
    pub(crate) fn in_store(&self, source: StoreError) -> EngineError {
        EngineError::store(&self.stack.environment.name, source)
    }

    /// Connects the provider and checks that it reaches the right account.
    ///
    /// # Errors
    ///
    /// When there is no such provider or it fails.
    pub async fn connect(&self, backend: &Backend) -> Result<Arc<dyn Provider>, EngineError> {
        let environment = &self.stack.environment;
        let failed = |source| EngineError::Provider {
            provider: environment.provider.name.clone(),
            source: Box::new(source),
        };
        let request = ConnectRequest {
            stack: &self.stack.name,
            environment,
            folder: &self.folder,
            lineage: &self.state.header.lineage,
            sealing: self.key.clone(),
        };
        let provider = backend.providers.connect(&request).await.map_err(failed)?;
        provider.verify_target().await.map_err(failed)?;
        Ok(provider)
    }

    /// Reads the state again, after somebody changed it.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn reload(&mut self) -> Result<(), EngineError> {
        let loaded = self.store.load().await.map_err(|source| self.in_store(source))?;
        self.state = loaded.ok_or_else(|| EngineError::defect("The state vanished"))?;
        Ok(())
    }
}

/// Opens a store of an environment, whatever is in it.
pub(crate) async fn open_store(
    backend: &Backend,
    stack: &Stack,
    choice: &StoreChoice,
    deadline: Timestamp,
) -> Result<Arc<dyn Store>, EngineError> {
    let environment = stack.environment.name.as_str();
    let request = StoreRequest {
        stack: &stack.name,
        environment,
        choice,
    };
    let opened = patiently(backend, deadline, || backend.stores.open(&request)).await;
    opened.map_err(|source| EngineError::store(environment, source))
}

/// Does something with the store; while another process has it, tries again until the patience ends.
pub(crate) async fn patiently<T>(
    backend: &Backend,
    deadline: Timestamp,
    attempt: impl AsyncFn() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let mut told = false;
    loop {
        match attempt().await {
            Err(StoreError::Held { holder, until }) if backend.clock.now() < deadline => {
                if !told {
                    backend.observer.on_event(&Event::LeaseAwaited { holder, until });
                    told = true;
                }
                tokio::time::sleep(POLL).await;
            }
            ended => return ended,
        }
    }
}

/// Writes the header of a new state, under a lease of its own.
async fn initialize(
    backend: &Backend,
    store: &dyn Store,
    stack: &Stack,
    deadline: Timestamp,
) -> Result<State, EngineError> {
    let environment = stack.environment.name.as_str();
    let in_store = |source| EngineError::store(environment, source);
    let key = new_key(backend)?;
    let wrapped = backend.keys.wrap(&key);
    let wrapped = wrapped.map_err(|source| EngineError::key(environment, source))?;
    let header = header(backend, stack, wrapped)?;
    let lease = patiently(backend, deadline, async || {
        let request = LeaseRequest {
            holder: backend.who.clone(),
            now: backend.clock.now(),
            duration: LEASE_DURATION,
        };
        store.acquire(&request).await
    });
    let lease = lease.await.map_err(in_store)?;
    let written = store.initialize(lease.epoch, &header).await;
    store.release(&lease).await.map_err(in_store)?;
    match written {
        Ok(()) | Err(StoreError::AlreadyInitialized) => {}
        Err(error) => return Err(in_store(error)),
    }
    let state = store.load().await.map_err(in_store)?;
    state.ok_or_else(|| EngineError::defect("A new state cannot be read back"))
}

fn header(backend: &Backend, stack: &Stack, wrapped_key: String) -> Result<StateHeader, EngineError> {
    Ok(StateHeader {
        format: STATE_FORMAT,
        lineage: new_lineage(backend)?,
        stack: stack.name.clone(),
        environment: stack.environment.name.clone(),
        wrapped_key,
    })
}

/// Returns sixteen random bytes as text: states of different lineages never mix.
fn new_lineage(backend: &Backend) -> Result<Lineage, EngineError> {
    let mut bytes = [0_u8; 16];
    backend.entropy.fill(&mut bytes).map_err(EngineError::defect)?;
    Ok(Lineage(data_encoding::HEXLOWER.encode(&bytes)))
}

fn new_key(backend: &Backend) -> Result<DataKey, EngineError> {
    let mut key = Zeroizing::new([0; 32]);
    backend.entropy.fill(&mut *key).map_err(EngineError::defect)?;
    Ok(DataKey::from_bytes(key))
}

/// Returns the folder that holds everything of one environment.
#[must_use]
pub fn environment_folder(folder: &Path, environment: &str) -> PathBuf {
    folder.join(".infra").join(environment)
}
