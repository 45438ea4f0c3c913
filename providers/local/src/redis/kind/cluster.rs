//! The resource kind `local.redis.cluster`: all nodes of a cluster, formed and changed as one.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use infra_model::record::{ObjectId, RecordKey};
use infra_model::schema::ResourceSchema;
use infra_model::snapshot::{Observation, Observed};
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;
use infra_provider::kind::ResourceKind;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, FindRequest, Known, UpdateRequest};

use super::inputs::public;
use super::marked::{self, Marked, observed};
use super::schema;
use crate::postgres::kind::{observation, refused, text};
use crate::postgres::marker::{self, Marker, Phase};
use crate::redis::site::RedisSite;

mod installed;
mod look;
mod make;
mod rest;

use installed::Installed;

/// The type of resource.
pub const CLUSTER: &str = "local.redis.cluster";

const MAKE: &str = "make a Redis cluster";
const CHANGE: &str = "change a Redis cluster";
const LOOK: &str = "look at a Redis cluster";

/// Manages the clusters of an environment.
#[derive(Debug)]
pub struct ClusterKind {
    site: Arc<RedisSite>,
}

impl ClusterKind {
    /// Returns the kind for one environment.
    #[must_use]
    pub fn new(site: Arc<RedisSite>) -> Self {
        ClusterKind { site }
    }

    async fn converge(&self, change: make::Change<'_>) -> Result<Applied, ProviderError> {
        let name = change.name;
        let installed = make::converge(&self.site, change).await?;
        Ok(Applied {
            id: ObjectId(name.to_owned()),
            outputs: installed.outputs(&self.site, name)?,
        })
    }
}

#[async_trait]
impl Marked for ClusterKind {
    fn site(&self) -> &RedisSite {
        &self.site
    }

    async fn look(&self, name: &str) -> Result<Option<Observed>, ProviderError> {
        let Some(marker) = marked::read::<Installed>(&self.site, name)? else {
            return Ok(None);
        };
        let mut attributes = marker.applied.inputs.clone();
        match marker.phase {
            Phase::Made => attributes.extend(look::attributes(&self.site, name, &marker.applied).await?),
            _ => drop(attributes.insert("status".to_owned(), Value::from("half made"))),
        }
        let outputs = marker.applied.outputs(&self.site, name)?;
        Ok(Some(observed(&self.site, name, &marker, (attributes, outputs))))
    }
}

#[async_trait]
impl ResourceKind for ClusterKind {
    fn schema(&self) -> ResourceSchema {
        schema::cluster()
    }

    fn can_rest(&self) -> bool {
        true
    }

    async fn stop(&self, known: &Known) -> Result<(), ProviderError> {
        rest::stop(&self.site, &known.id.0).await
    }

    async fn start(&self, known: &Known) -> Result<Option<Attributes>, ProviderError> {
        rest::start(&self.site, &known.id.0).await.map(|()| None)
    }

    async fn observe(&self, known: &[Known]) -> Result<BTreeMap<RecordKey, Observation>, ProviderError> {
        marked::observe(self, known).await
    }

    async fn find(&self, request: &FindRequest) -> Result<Vec<Observed>, ProviderError> {
        marked::find(self, request).await
    }

    async fn create(&self, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let (name, inputs) = (text(&request.inputs, "name")?, &request.inputs);
        let found = marker::read_own::<Installed>(&self.site.folder_of(name), &request.tag);
        let marker = match found.map_err(|error| refused(MAKE, &error))? {
            Some(marker) if marker.phase != Phase::Removing => marker,
            _ => {
                let installed = Installed::new(public(inputs));
                marked::begin(&self.site, name, Marker::making(&request.tag, installed))?
            }
        };
        let operation = MAKE;
        self.converge(make::Change {
            name,
            marker,
            inputs,
            operation,
        })
        .await
    }

    async fn update(&self, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let (name, inputs) = (&request.id.0, &request.inputs);
        let marker = marked::require(&self.site, name)?;
        let operation = CHANGE;
        self.converge(make::Change {
            name,
            marker,
            inputs,
            operation,
        })
        .await
    }

    async fn delete(&self, request: &DeleteRequest) -> Result<(), ProviderError> {
        marked::remove::<Installed>(&self.site, &request.id.0).await
    }

    async fn read(&self, id: &ObjectId) -> Result<Observation, ProviderError> {
        Ok(observation(self.look(&id.0).await?))
    }
}
