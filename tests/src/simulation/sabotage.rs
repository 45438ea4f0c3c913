//! The protocol broken on purpose, to show that the simulation notices: a store and a provider that do one thing
//! wrong.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use infra_model::clock::Timestamp;
use infra_model::journal::{Commit, Epoch, HistoryEntry, Intent, IntentId, RecordChange};
use infra_model::record::{ObjectId, RecordKey, Serial};
use infra_model::schema::ResourceSchema;
use infra_model::snapshot::{Observation, Observed};
use infra_model::value::Value;
use infra_provider::error::{Effect, ErrorKind, ProviderError};
use infra_provider::kind::{KindSet, ResourceKind};
use infra_provider::lowering::Lowering;
use infra_provider::provider::Provider;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, FindRequest, Known, UpdateRequest};
use infra_state::archive::Archive;
use infra_state::contract::{Lease, LeaseRequest, State, StateHeader, Store, StoreError};

use super::world::Watch;

/// What is done wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// No intent is written before a call.
    SkipIntents,
    /// A create without an answer is taken for one that made nothing.
    CloseUnknown,
    /// The store takes writes of any epoch.
    NoFence,
    /// Nobody looks for what a create without an answer made.
    NeverLook,
    /// A record holds a secret in clear.
    LeakIntoRecord,
    /// An error tells a secret.
    LeakIntoError,
    /// A deletion is reported done that was not.
    PretendDelete,
    /// An update is reported done that was not.
    PretendUpdate,
    /// The store tells that a change was written that was not.
    LoseCommits,
    /// The history lacks an entry.
    CutHistory,
}

/// A store that does one thing wrong.
#[derive(Debug)]
pub struct BrokenStore {
    inner: Arc<dyn Store>,
    sabotage: Sabotage,
    watch: Arc<Watch>,
    skipped: AtomicU64,
}

/// Intents that were not written have numbers from here on.
const SKIPPED: u64 = 1 << 60;

impl BrokenStore {
    /// Returns the store with this defect.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>, sabotage: Sabotage, watch: &Arc<Watch>) -> Self {
        BrokenStore {
            inner,
            sabotage,
            watch: watch.clone(),
            skipped: AtomicU64::new(SKIPPED),
        }
    }

    fn epoch(&self, epoch: Epoch) -> Epoch {
        match self.sabotage {
            Sabotage::NoFence => self.watch.current(),
            _ => epoch,
        }
    }

    fn broken(&self, commit: &Commit) -> Commit {
        let mut commit = commit.clone();
        if commit.closes.as_ref().is_some_and(|(id, _)| id.0 >= SKIPPED) {
            commit.closes = None;
        }
        match self.sabotage {
            Sabotage::LeakIntoRecord => {
                for change in &mut commit.changes {
                    if let (RecordChange::Put(record), Some(secret)) = (change, self.watch.secrets.any()) {
                        record
                            .outputs
                            .insert("note".to_owned(), Value::from(secret.as_str()));
                    }
                }
            }
            Sabotage::LoseCommits if commit.closes.is_some() => commit.changes.clear(),
            _ => {}
        }
        commit
    }
}

#[async_trait]
impl Store for BrokenStore {
    async fn load(&self) -> Result<Option<State>, StoreError> {
        self.inner.load().await
    }

    async fn initialize(&self, epoch: Epoch, header: &StateHeader) -> Result<(), StoreError> {
        self.inner.initialize(epoch, header).await
    }

    async fn restore(&self, epoch: Epoch, archive: &Archive) -> Result<(), StoreError> {
        self.inner.restore(epoch, archive).await
    }

    async fn acquire(&self, request: &LeaseRequest) -> Result<Lease, StoreError> {
        self.inner.acquire(request).await
    }

    async fn renew(&self, lease: &Lease, now: Timestamp) -> Result<Lease, StoreError> {
        self.inner.renew(lease, now).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.inner.release(lease).await
    }

    async fn append(&self, epoch: Epoch, intent: &Intent) -> Result<IntentId, StoreError> {
        if self.sabotage == Sabotage::SkipIntents {
            return Ok(IntentId(self.skipped.fetch_add(1, Ordering::SeqCst)));
        }
        self.inner.append(self.epoch(epoch), intent).await
    }

    async fn commit(&self, epoch: Epoch, commit: &Commit) -> Result<Serial, StoreError> {
        self.inner.commit(self.epoch(epoch), &self.broken(commit)).await
    }

    async fn history(&self, from: Serial) -> Result<Vec<HistoryEntry>, StoreError> {
        let mut history = self.inner.history(from).await?;
        if self.sabotage == Sabotage::CutHistory && history.len() > 2 {
            history.remove(1);
        }
        Ok(history)
    }
}

/// A provider that does one thing wrong.
#[derive(Debug)]
pub struct BrokenProvider {
    inner: Arc<dyn Provider>,
    kinds: KindSet,
}

#[derive(Debug)]
struct BrokenKind {
    inner: Arc<dyn Provider>,
    schema: ResourceSchema,
    sabotage: Sabotage,
    watch: Arc<Watch>,
}

impl BrokenProvider {
    /// Returns the provider with this defect.
    #[must_use]
    pub fn new(inner: Arc<dyn Provider>, sabotage: Sabotage, watch: &Arc<Watch>) -> Self {
        let kinds = inner.kinds().schemas().iter().map(|schema| {
            let kind = BrokenKind {
                inner: inner.clone(),
                schema: schema.clone(),
                sabotage,
                watch: watch.clone(),
            };
            Box::new(kind) as Box<dyn ResourceKind>
        });
        let kinds = KindSet::new(kinds.collect());
        BrokenProvider { inner, kinds }
    }
}

#[async_trait]
impl Provider for BrokenProvider {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn kinds(&self) -> &KindSet {
        &self.kinds
    }

    fn is_remote(&self) -> bool {
        self.inner.is_remote()
    }

    fn lowering(&self) -> &dyn Lowering {
        self.inner.lowering()
    }

    async fn verify_target(&self) -> Result<(), ProviderError> {
        self.inner.verify_target().await
    }
}

impl BrokenKind {
    fn kind(&self) -> Result<&dyn ResourceKind, ProviderError> {
        self.inner.kinds().get(self.schema.resource_type.as_str())
    }

    fn told(&self, error: ProviderError) -> ProviderError {
        let secret = self.watch.secrets.any();
        match secret.filter(|_| self.sabotage == Sabotage::LeakIntoError) {
            Some(secret) => ProviderError {
                message: format!("{}: {secret}", error.message),
                ..error
            },
            None => error,
        }
    }
}

#[async_trait]
impl ResourceKind for BrokenKind {
    fn schema(&self) -> ResourceSchema {
        self.schema.clone()
    }

    async fn observe(&self, known: &[Known]) -> Result<BTreeMap<RecordKey, Observation>, ProviderError> {
        self.kind()?.observe(known).await
    }

    async fn find(&self, request: &FindRequest) -> Result<Vec<Observed>, ProviderError> {
        match self.sabotage {
            Sabotage::NeverLook => Ok(Vec::new()),
            _ => self.kind()?.find(request).await,
        }
    }

    async fn create(&self, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let created = self.kind()?.create(request).await;
        created.map_err(|error| match (self.sabotage, error.effect) {
            (Sabotage::CloseUnknown, Effect::Unknown) => {
                ProviderError::rejected(ErrorKind::Denied, error.operation, error.message)
            }
            _ => self.told(error),
        })
    }

    async fn update(&self, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        if self.sabotage == Sabotage::PretendUpdate {
            let unchanged = UpdateRequest {
                changed: Vec::new(),
                ..request.clone()
            };
            return self.kind()?.update(&unchanged).await;
        }
        let updated = self.kind()?.update(request).await;
        updated.map_err(|error| self.told(error))
    }

    async fn delete(&self, request: &DeleteRequest) -> Result<(), ProviderError> {
        if self.sabotage == Sabotage::PretendDelete {
            return Ok(());
        }
        let deleted = self.kind()?.delete(request).await;
        deleted.map_err(|error| self.told(error))
    }

    async fn read(&self, id: &ObjectId) -> Result<Observation, ProviderError> {
        self.kind()?.read(id).await
    }
}
