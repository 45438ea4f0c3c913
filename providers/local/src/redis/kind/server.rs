//! The resource kinds `local.redis.server`, one Redis with its data, and `local.redis.replica`, one that follows it.
//!
//! A replica is a server in all but whom it gets its data from, so that both are made, changed and repaired alike.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use infra_model::record::{ObjectId, RecordKey};
use infra_model::schema::ResourceSchema;
use infra_model::snapshot::{Observation, Observed};
use infra_model::value::Attributes;
use infra_provider::error::ProviderError;
use infra_provider::kind::ResourceKind;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, FindRequest, Known, UpdateRequest};

use super::inputs::NEED_RESTART;
use super::marked::{self, Marked};
use super::schema;
use crate::postgres::kind::{observation, refused, text};
use crate::postgres::marker::{self, Phase};
use crate::redis::site::RedisSite;

mod installed;
mod look;
mod make;
mod rest;

use installed::Installed;
use make::Change;

/// The type of resource of a server.
pub const SERVER: &str = "local.redis.server";
/// The type of resource of a replica.
pub const REPLICA: &str = "local.redis.replica";

const MAKE: &str = "make a Redis server";
const CHANGE: &str = "change a Redis server";
const LOOK: &str = "look at a Redis server";

/// Manages the single servers of an environment, or the replicas of them.
#[derive(Debug)]
pub struct ServerKind {
    site: Arc<RedisSite>,
    schema: fn() -> ResourceSchema,
}

impl ServerKind {
    /// Returns the kind of servers for one environment.
    #[must_use]
    pub fn servers(site: Arc<RedisSite>) -> Self {
        let schema = schema::server;
        ServerKind { site, schema }
    }

    /// Returns the kind of replicas for one environment.
    #[must_use]
    pub fn replicas(site: Arc<RedisSite>) -> Self {
        let schema = schema::replica;
        ServerKind { site, schema }
    }

    async fn converge(&self, change: Change<'_>) -> Result<Applied, ProviderError> {
        let name = change.name;
        let installed = make::converge(&self.site, change).await?;
        Ok(Applied {
            id: ObjectId(name.to_owned()),
            outputs: installed.outputs(&self.site, name)?,
        })
    }
}

#[async_trait]
impl Marked for ServerKind {
    fn site(&self) -> &RedisSite {
        &self.site
    }

    async fn look(&self, name: &str) -> Result<Option<Observed>, ProviderError> {
        look::look(&self.site, name).await
    }
}

#[async_trait]
impl ResourceKind for ServerKind {
    fn schema(&self) -> ResourceSchema {
        (self.schema)()
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
        let found = found.map_err(|error| refused(MAKE, &error))?;
        let marker = match found {
            // Made already, by a call whose answer was lost: its data stays.
            Some(marker) if marker.phase == Phase::Made => marker,
            _ => make::begin(&self.site, name, request).await?,
        };
        let change = Change {
            name,
            marker,
            inputs,
            restart: false,
            operation: MAKE,
        };
        self.converge(change).await
    }

    async fn update(&self, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let needs_restart = |name: &String| NEED_RESTART.contains(&name.as_str());
        let change = Change {
            name: &request.id.0,
            marker: marked::require(&self.site, &request.id.0)?,
            inputs: &request.inputs,
            restart: request.changed.iter().any(needs_restart),
            operation: CHANGE,
        };
        self.converge(change).await
    }

    async fn delete(&self, request: &DeleteRequest) -> Result<(), ProviderError> {
        marked::remove::<Installed>(&self.site, &request.id.0).await
    }

    async fn read(&self, id: &ObjectId) -> Result<Observation, ProviderError> {
        Ok(observation(self.look(&id.0).await?))
    }
}
