//! Four types of resource that differ in one thing: how an unknown create is resolved.
//!
//! | Type | Class | Identity |
//! | --- | --- | --- |
//! | `sim.named.thing` | named | the attribute `name` |
//! | `sim.token.thing` | token | assigned; the same client token gives the same object |
//! | `sim.tagged.thing` | tagged | assigned; each create makes another object |
//! | `sim.content.thing` | content | the digest of its attributes; it carries no tag |

use std::collections::BTreeMap;

use async_trait::async_trait;
use infra_model::record::{ObjectId, RecordKey};
use infra_model::schema::{RecoveryClass, ResourceSchema};
use infra_model::snapshot::{Lineage, Observation, Observed};
use infra_provider::error::ProviderError;
use infra_provider::kind::ResourceKind;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, FindRequest, Known, UpdateRequest};

use crate::cloud::call::{CallKind, Request};
use crate::cloud::{Cloud, World};

mod effect;
pub mod schema;
#[cfg(test)]
mod tests;

/// A type of resource.
#[derive(Debug)]
pub(crate) struct Thing {
    pub(crate) class: RecoveryClass,
    pub(crate) cloud: Cloud,
    pub(crate) lineage: Lineage,
}

impl Thing {
    fn request<'a>(&self, kind: CallKind, address: Option<&'a infra_model::address::Address>) -> Request<'a> {
        Request {
            kind,
            resource_type: schema::name_of(self.class),
            address,
        }
    }

    /// Returns what the cloud shows of an object, nothing if there is none or lists do not show it yet.
    fn look(&self, world: &World, id: &ObjectId) -> Observation {
        let place = (schema::name_of(self.class).to_owned(), id.clone());
        match world.objects.get(&place).filter(|object| object.is_visible()) {
            Some(object) => Observation::Present(object.observed(&self.lineage)),
            None => Observation::Absent,
        }
    }
}

#[async_trait]
impl ResourceKind for Thing {
    fn schema(&self) -> ResourceSchema {
        schema::of(self.class)
    }

    async fn observe(&self, known: &[Known]) -> Result<BTreeMap<RecordKey, Observation>, ProviderError> {
        // One call for all, as a list call would; a call about one object names it, so that faults can aim at it.
        let address = if let [one] = known {
            Some(&one.key.address)
        } else {
            None
        };
        let look = |world: &mut World| {
            Ok(known
                .iter()
                .map(|one| (one.key.clone(), self.look(world, &one.id)))
                .collect())
        };
        self.cloud
            .call(self.request(CallKind::Observe, address), look)
            .await
    }

    async fn find(&self, request: &FindRequest) -> Result<Vec<Observed>, ProviderError> {
        let call = self.request(CallKind::Find, Some(&request.tag.address));
        let find = |world: &mut World| Ok(effect::find(world, self.class, request));
        let found = self.cloud.call(call, find).await?;
        Ok(found
            .iter()
            .map(|object| object.observed(&self.lineage))
            .collect())
    }

    async fn create(&self, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let call = self.request(CallKind::Create, Some(&request.tag.address));
        let fault = self.cloud.foresee(call);
        let create = |world: &mut World| effect::create(world, self.class, request, fault.as_ref());
        self.cloud.call(call, create).await
    }

    async fn update(&self, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let call = self.request(CallKind::Update, Some(&request.address));
        self.cloud
            .call(call, |world: &mut World| {
                effect::update(world, self.class, request)
            })
            .await
    }

    async fn delete(&self, request: &DeleteRequest) -> Result<(), ProviderError> {
        let call = self.request(CallKind::Delete, Some(&request.address));
        self.cloud
            .call(call, |world: &mut World| {
                effect::delete(world, self.class, &request.id)
            })
            .await
    }

    async fn read(&self, id: &ObjectId) -> Result<Observation, ProviderError> {
        let call = self.request(CallKind::Read, None);
        self.cloud
            .call(call, |world: &mut World| Ok(self.look(world, id)))
            .await
    }
}
