//! The store as an engine of the simulation sees it: each call has a boundary on either side, some writes fail, and
//! whatever is written is looked at.

use std::sync::Arc;

use async_trait::async_trait;
use infra_model::clock::Timestamp;
use infra_model::journal::{Commit, Epoch, HistoryEntry, Intent, IntentId};
use infra_model::record::Serial;
use infra_state::archive::Archive;
use infra_state::contract::{Lease, LeaseRequest, State, StateHeader, Store, StoreError};

use super::life::{Life, Side};
use super::world::Watch;

/// A store on the life of an engine.
#[derive(Debug)]
pub struct KeptStore {
    /// The store itself.
    pub inner: Arc<dyn Store>,
    /// Whose calls these are.
    pub life: Life,
    /// Who watches.
    pub watch: Arc<Watch>,
}

impl KeptStore {
    async fn around<T>(
        &self,
        what: &str,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.life.cross(Side::BeforeStore, what).await;
        let result = call.await;
        let how = match &result {
            Ok(_) => String::new(),
            Err(error) => format!(": {error}"),
        };
        self.life.cross(Side::AfterStore, &format!("{what}{how}")).await;
        result
    }

    /// Writes, unless the store fails before; its answer may be lost after.
    async fn write<T>(
        &self,
        what: &str,
        epoch: Epoch,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let fault = self.watch.store_fault();
        let write = async {
            if fault == Some(StoreFault::Refused) {
                return Err(broken());
            }
            let written = call.await;
            if written.is_ok() {
                self.watch.written(&self.life, epoch, what);
            }
            if fault == Some(StoreFault::AnswerLost) {
                return Err(broken());
            }
            written
        };
        self.around(what, write).await
    }
}

/// What goes wrong with a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreFault {
    /// It is not done.
    Refused,
    /// It is done, and nobody is told.
    AnswerLost,
}

fn broken() -> StoreError {
    StoreError::Io {
        attempt: "written",
        source: "the connection broke off".into(),
    }
}

#[async_trait]
impl Store for KeptStore {
    async fn load(&self) -> Result<Option<State>, StoreError> {
        self.around("load", self.inner.load()).await
    }

    async fn initialize(&self, epoch: Epoch, header: &StateHeader) -> Result<(), StoreError> {
        self.write("initialize", epoch, self.inner.initialize(epoch, header))
            .await
    }

    async fn restore(&self, epoch: Epoch, archive: &Archive) -> Result<(), StoreError> {
        self.write("restore", epoch, self.inner.restore(epoch, archive))
            .await
    }

    async fn acquire(&self, request: &LeaseRequest) -> Result<Lease, StoreError> {
        // Waiting for somebody else changes nothing, and an engine may die at more interesting moments.
        let lease = self.inner.acquire(request).await?;
        self.watch.granted(lease.epoch);
        self.life.holds(lease.epoch.0);
        self.life.cross(Side::AfterStore, "acquire").await;
        Ok(lease)
    }

    async fn renew(&self, lease: &Lease, now: Timestamp) -> Result<Lease, StoreError> {
        self.life.rest().await;
        self.write("renew", lease.epoch, self.inner.renew(lease, now))
            .await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.around("release", self.inner.release(lease)).await
    }

    async fn append(&self, epoch: Epoch, intent: &Intent) -> Result<IntentId, StoreError> {
        self.watch
            .stored("an intent", || serde_json::to_string(intent).unwrap_or_default());
        let what = format!("append {} {}", intent.action.name(), intent.key);
        self.write(&what, epoch, self.inner.append(epoch, intent)).await
    }

    async fn commit(&self, epoch: Epoch, commit: &Commit) -> Result<Serial, StoreError> {
        let keys: Vec<String> = commit
            .changes
            .iter()
            .map(|change| change.key().to_string())
            .collect();
        let outcome = commit.closes.as_ref().map(|(id, outcome)| (id.0, outcome));
        let what = format!("commit {outcome:?} {}", keys.join(" "));
        self.write(&what, epoch, self.inner.commit(epoch, commit)).await
    }

    async fn history(&self, from: Serial) -> Result<Vec<HistoryEntry>, StoreError> {
        self.around("history", self.inner.history(from)).await
    }
}
