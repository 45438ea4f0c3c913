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
use infra_model::address::Address;
use infra_model::record::{ObjectId, RecordKey};
use infra_model::schema::{RecoveryClass, ResourceSchema};
use infra_model::snapshot::{Condition, Lineage, Observation, Observed};
use infra_provider::error::ProviderError;
use infra_provider::kind::ResourceKind;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, FindRequest, Known, UpdateRequest};

use crate::cloud::call::{CallKind, Request};
use crate::cloud::object::Object;
use crate::cloud::{Cloud, Place};

mod effect;
pub mod schema;
#[cfg(test)]
mod tests;
mod waiting;

/// A type of resource.
#[derive(Debug)]
pub(crate) struct Thing {
    pub(crate) class: RecoveryClass,
    pub(crate) cloud: Cloud,
    pub(crate) lineage: Lineage,
}

impl Thing {
    fn request<'a>(&self, kind: CallKind, address: Option<&'a Address>) -> Request<'a> {
        Request {
            kind,
            resource_type: schema::name_of(self.class),
            address,
        }
    }

    fn place(&self, id: &ObjectId) -> Place {
        (schema::name_of(self.class).to_owned(), id.clone())
    }

    /// Returns what the cloud shows of an object, nothing if there is none or it is not found yet.
    fn observation(&self, object: Option<&Object>) -> Observation {
        match object.filter(|object| object.is_readable()) {
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
        self.cloud
            .ask(self.request(CallKind::Observe, address), |world, lag| {
                let objects = world.shown(lag);
                let look = |one: &Known| self.observation(objects.get(&self.place(&one.id)));
                known.iter().map(|one| (one.key.clone(), look(one))).collect()
            })
            .await
    }

    async fn find(&self, request: &FindRequest) -> Result<Vec<Observed>, ProviderError> {
        let found = self.settled(request).await?;
        Ok(found
            .iter()
            .map(|object| object.observed(&self.lineage))
            .collect())
    }

    async fn create(&self, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let call = self.request(CallKind::Create, Some(&request.tag.address));
        let subject = effect::subject_of_create(self.class, request);
        let (class, owned) = (self.class, request.clone());
        let made = self
            .cloud
            .change(call, &subject, move |world, fault| {
                effect::create(world, class, &owned, fault)
            })
            .await?;
        if made.is_finished() && made.condition == Condition::Complete {
            return Ok(effect::applied(&made));
        }
        self.finished(call, &made.id).await
    }

    async fn update(&self, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let call = self.request(CallKind::Update, Some(&request.address));
        let (class, owned) = (self.class, request.clone());
        self.cloud
            .change(call, &request.id.0, move |world, _| {
                effect::update(world, class, &owned)
            })
            .await
    }

    async fn delete(&self, request: &DeleteRequest) -> Result<(), ProviderError> {
        let call = self.request(CallKind::Delete, Some(&request.address));
        let (class, id) = (self.class, request.id.clone());
        self.cloud
            .change(call, &request.id.0, move |world, _| {
                effect::delete(world, class, &id)
            })
            .await
    }

    async fn read(&self, id: &ObjectId) -> Result<Observation, ProviderError> {
        let call = self.request(CallKind::Read, None);
        self.cloud
            .ask(call, |world, _| {
                self.observation(world.objects.get(&self.place(id)))
            })
            .await
    }
}
