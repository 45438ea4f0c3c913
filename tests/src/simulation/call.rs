//! The provider as an engine of the simulation sees it: each call has a boundary on either side, and a change under
//! a lease that somebody else has is noticed.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use infra_model::record::{ObjectId, RecordKey};
use infra_model::schema::ResourceSchema;
use infra_model::snapshot::{Observation, Observed};
use infra_provider::error::ProviderError;
use infra_provider::kind::{KindSet, ResourceKind};
use infra_provider::lowering::Lowering;
use infra_provider::provider::Provider;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, FindRequest, Known, UpdateRequest};

use super::life::{Life, Side};
use super::world::Watch;

/// A provider on the life of an engine.
#[derive(Debug)]
pub struct CalledProvider {
    inner: Arc<dyn Provider>,
    kinds: KindSet,
}

#[derive(Debug)]
struct CalledKind {
    inner: Arc<dyn Provider>,
    schema: ResourceSchema,
    life: Life,
    watch: Arc<Watch>,
}

impl CalledProvider {
    /// Wraps a provider.
    #[must_use]
    pub fn new(inner: Arc<dyn Provider>, life: &Life, watch: &Arc<Watch>) -> Self {
        let kinds = inner.kinds().schemas().iter().map(|schema| {
            let kind = CalledKind {
                inner: inner.clone(),
                schema: schema.clone(),
                life: life.clone(),
                watch: watch.clone(),
            };
            Box::new(kind) as Box<dyn ResourceKind>
        });
        let kinds = KindSet::new(kinds.collect());
        CalledProvider { inner, kinds }
    }
}

#[async_trait]
impl Provider for CalledProvider {
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

impl CalledKind {
    fn kind(&self) -> Result<&dyn ResourceKind, ProviderError> {
        self.inner.kinds().get(self.schema.resource_type.as_str())
    }

    async fn around<T>(
        &self,
        what: String,
        call: impl Future<Output = Result<T, ProviderError>>,
    ) -> Result<T, ProviderError> {
        self.life.cross(Side::BeforeCall, &what).await;
        let result = call.await;
        let how = match &result {
            Ok(_) => String::new(),
            Err(error) => format!(": {:?} {error}", error.effect),
        };
        self.life.cross(Side::AfterCall, &format!("{what}{how}")).await;
        result
    }

    async fn change<T>(
        &self,
        what: String,
        call: impl Future<Output = Result<T, ProviderError>>,
    ) -> Result<T, ProviderError> {
        let begun = async {
            self.watch.called(&self.life, &what);
            call.await
        };
        self.around(what.clone(), begun).await
    }
}

#[async_trait]
impl ResourceKind for CalledKind {
    fn schema(&self) -> ResourceSchema {
        self.schema.clone()
    }

    async fn observe(&self, known: &[Known]) -> Result<BTreeMap<RecordKey, Observation>, ProviderError> {
        let what = match known {
            [one] => format!("observe {} {}", one.key, one.id),
            many => format!("observe {} of {}", many.len(), self.schema.resource_type),
        };
        self.around(what, self.kind()?.observe(known)).await
    }

    async fn find(&self, request: &FindRequest) -> Result<Vec<Observed>, ProviderError> {
        let what = format!("find {} {}", request.tag.address, request.tag.token.0);
        self.around(what, self.kind()?.find(request)).await
    }

    async fn create(&self, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let what = format!("create {} {}", request.tag.address, request.tag.token.0);
        self.change(what, self.kind()?.create(request)).await
    }

    async fn update(&self, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let what = format!("update {} {} {:?}", request.address, request.id, request.changed);
        self.change(what, self.kind()?.update(request)).await
    }

    async fn delete(&self, request: &DeleteRequest) -> Result<(), ProviderError> {
        let what = format!("delete {} {}", request.address, request.id);
        self.change(what, self.kind()?.delete(request)).await
    }

    async fn read(&self, id: &ObjectId) -> Result<Observation, ProviderError> {
        self.around(format!("read {id}"), self.kind()?.read(id)).await
    }
}
