//! `aws.elasticache.replication_group`: a primary with its replicas, or the shards of a cluster.
//!
//! Nodes are added, taken away and changed while it serves. Each change is a call of its own that is waited for, and a change
//! that was interrupted goes on where it stands: what an update does follows from what is seen, not from what was tried.

use async_trait::async_trait;
use infra_model::record::ObjectId;
use infra_model::schema::ResourceSchema;
use infra_provider::error::ProviderError;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, UpdateRequest};

use crate::kinds::objects::{Found, Objects, Place, Which};

mod change;
mod look;
mod make;
mod nodes;
mod schema;
mod seen;

/// The type.
pub const REPLICATION_GROUP: &str = "aws.elasticache.replication_group";

/// Manages replication groups.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReplicationGroups;

#[async_trait]
impl Objects for ReplicationGroups {
    fn schema(&self) -> ResourceSchema {
        schema::schema()
    }

    fn leaves(&self) -> Option<&'static str> {
        Some(
            "a final snapshot, unless it was told to keep none: delete it when nobody needs it any more. Where the key goes too, the snapshot \
             can be restored until that has waited its days; with `key_deletion_window_days = 0` the key stays",
        )
    }

    async fn list(&self, place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
        look::list(place, which).await
    }

    async fn create(&self, place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
        make::create(place, request).await
    }

    async fn update(&self, place: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        change::update(place, request).await
    }

    async fn delete(&self, place: &Place, request: &DeleteRequest) -> Result<(), ProviderError> {
        make::delete(place, request).await
    }

    async fn outlast(&self, place: &Place, id: &ObjectId) -> Result<bool, ProviderError> {
        look::outlasted(place, &id.0).await
    }
}
