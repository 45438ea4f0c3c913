//! A store and a provider that stop the engine dead at the n-th boundary, before or after the call.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use infra_model::clock::Timestamp;
use infra_model::journal::{Commit, Epoch, HistoryEntry, Intent, IntentId};
use infra_model::record::{ObjectId, RecordKey, Serial};
use infra_model::schema::ResourceSchema;
use infra_model::snapshot::{Observation, Observed};
use infra_provider::error::ProviderError;
use infra_provider::kind::{KindSet, ResourceKind};
use infra_provider::lowering::Lowering;
use infra_provider::provider::Provider;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, FindRequest, Known, UpdateRequest};
use infra_state::archive::Archive;
use infra_state::contract::{Lease, LeaseRequest, State, StateHeader, Store, StoreError};
use provider_sim::provider::SimProvider;
use tokio::sync::Notify;

/// Burns one unit at each boundary; when none is left, the engine is dead.
#[derive(Clone, Debug)]
pub(crate) struct Fuse(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    left: AtomicU64,
    blown: AtomicBool,
    death: Notify,
    /// What a dead disk answers, if it is the disk that dies.
    disk_full_at: Mutex<Option<Write>>,
    /// How long an intent takes to be durable.
    slow: Mutex<Duration>,
    intents: Mutex<Vec<String>>,
}

/// What a full disk refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Write {
    Append,
    Commit,
    Renewal,
}

impl Fuse {
    /// Returns a fuse that lets so many boundaries pass.
    pub(crate) fn after(boundaries: u64) -> Self {
        Fuse(Arc::new(Inner {
            left: AtomicU64::new(boundaries),
            blown: AtomicBool::new(false),
            death: Notify::new(),
            disk_full_at: Mutex::new(None),
            slow: Mutex::new(Duration::ZERO),
            intents: Mutex::new(Vec::new()),
        }))
    }

    /// Returns a fuse that never blows.
    pub(crate) fn none() -> Self {
        Fuse::after(u64::MAX)
    }

    /// Waits until the engine is dead.
    pub(crate) async fn death(&self) {
        let death = self.0.death.notified();
        if !self.0.blown.load(Ordering::SeqCst) {
            death.await;
        }
    }

    /// Makes the disk refuse these writes from now on; nothing lets them through again.
    pub(crate) fn fill_disk(&self, write: Option<Write>) {
        *self.0.disk_full_at.lock().unwrap() = write;
    }

    /// Makes the disk take so long for an intent from now on.
    pub(crate) fn slow_down(&self, duration: Duration) {
        *self.0.slow.lock().unwrap() = duration;
    }

    /// Returns the intents as they were written.
    pub(crate) fn intents(&self) -> Vec<String> {
        self.0.intents.lock().unwrap().clone()
    }

    async fn boundary(&self) {
        let left = self.0.left.load(Ordering::SeqCst);
        if left == 0 {
            self.0.blown.store(true, Ordering::SeqCst);
            self.0.death.notify_waiters();
            std::future::pending::<()>().await;
        }
        self.0.left.store(left - 1, Ordering::SeqCst);
    }

    async fn around<T>(&self, call: impl Future<Output = T>) -> T {
        self.boundary().await;
        let result = call.await;
        self.boundary().await;
        result
    }

    fn check_disk(&self, write: Write) -> Result<(), StoreError> {
        if *self.0.disk_full_at.lock().unwrap() == Some(write) {
            return Err(StoreError::Full {
                path: "/state".to_owned(),
            });
        }
        Ok(())
    }
}

/// A store on a fuse. Renewals of the lease do not count: they depend on how long things take.
#[derive(Debug)]
pub(crate) struct FusedStore<S> {
    pub(crate) inner: S,
    pub(crate) fuse: Fuse,
}

#[async_trait]
impl<S: Store> Store for FusedStore<S> {
    async fn load(&self) -> Result<Option<State>, StoreError> {
        self.fuse.around(self.inner.load()).await
    }

    async fn initialize(&self, epoch: Epoch, header: &StateHeader) -> Result<(), StoreError> {
        self.inner.initialize(epoch, header).await
    }

    async fn restore(&self, epoch: Epoch, archive: &Archive) -> Result<(), StoreError> {
        self.inner.restore(epoch, archive).await
    }

    async fn acquire(&self, request: &LeaseRequest) -> Result<Lease, StoreError> {
        self.fuse.around(self.inner.acquire(request)).await
    }

    async fn renew(&self, lease: &Lease, now: Timestamp) -> Result<Lease, StoreError> {
        self.fuse.check_disk(Write::Renewal)?;
        self.inner.renew(lease, now).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.fuse.around(self.inner.release(lease)).await
    }

    async fn append(&self, epoch: Epoch, intent: &Intent) -> Result<IntentId, StoreError> {
        self.fuse.check_disk(Write::Append)?;
        self.fuse
            .0
            .intents
            .lock()
            .unwrap()
            .push(serde_json::to_string(intent).unwrap());
        let appended = self.fuse.around(self.inner.append(epoch, intent)).await;
        let slow = *self.fuse.0.slow.lock().unwrap();
        tokio::time::sleep(slow).await;
        appended
    }

    async fn commit(&self, epoch: Epoch, commit: &Commit) -> Result<Serial, StoreError> {
        self.fuse.check_disk(Write::Commit)?;
        self.fuse.around(self.inner.commit(epoch, commit)).await
    }

    async fn history(&self, from: Serial) -> Result<Vec<HistoryEntry>, StoreError> {
        self.inner.history(from).await
    }
}

/// A provider on a fuse.
#[derive(Debug)]
pub(crate) struct FusedProvider {
    inner: Arc<SimProvider>,
    kinds: KindSet,
    /// Whether it is taken for one whose work outlives its process.
    pub(crate) is_remote: bool,
}

#[derive(Debug)]
struct FusedKind {
    inner: Arc<SimProvider>,
    schema: ResourceSchema,
    fuse: Fuse,
}

impl FusedProvider {
    pub(crate) fn new(inner: SimProvider, fuse: &Fuse) -> Self {
        let inner = Arc::new(inner);
        let kinds = inner.kinds().schemas().iter().map(|schema| {
            let kind = FusedKind {
                inner: inner.clone(),
                schema: schema.clone(),
                fuse: fuse.clone(),
            };
            Box::new(kind) as Box<dyn ResourceKind>
        });
        let kinds = KindSet::new(kinds.collect());
        FusedProvider {
            inner,
            kinds,
            is_remote: true,
        }
    }
}

#[async_trait]
impl Provider for FusedProvider {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn kinds(&self) -> &KindSet {
        &self.kinds
    }

    fn is_remote(&self) -> bool {
        self.is_remote
    }

    fn lowering(&self) -> &dyn Lowering {
        self.inner.lowering()
    }

    async fn verify_target(&self) -> Result<(), ProviderError> {
        self.inner.verify_target().await
    }
}

impl FusedKind {
    fn kind(&self) -> &dyn ResourceKind {
        self.inner
            .kinds()
            .get(self.schema.resource_type.as_str())
            .unwrap()
    }
}

#[async_trait]
impl ResourceKind for FusedKind {
    fn schema(&self) -> ResourceSchema {
        self.schema.clone()
    }

    async fn observe(&self, known: &[Known]) -> Result<BTreeMap<RecordKey, Observation>, ProviderError> {
        self.fuse.around(self.kind().observe(known)).await
    }

    async fn find(&self, request: &FindRequest) -> Result<Vec<Observed>, ProviderError> {
        self.fuse.around(self.kind().find(request)).await
    }

    async fn create(&self, request: &CreateRequest) -> Result<Applied, ProviderError> {
        self.fuse.around(self.kind().create(request)).await
    }

    async fn update(&self, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        self.fuse.around(self.kind().update(request)).await
    }

    async fn delete(&self, request: &DeleteRequest) -> Result<(), ProviderError> {
        self.fuse.around(self.kind().delete(request)).await
    }

    async fn read(&self, id: &ObjectId) -> Result<Observation, ProviderError> {
        self.fuse.around(self.kind().read(id)).await
    }
}
