//! Waiting for what the cloud accepted and has not finished: the part of a provider that polls.
//!
//! Nothing here makes a call again that changes something; that is for whoever called.

use std::time::Duration;

use infra_model::record::ObjectId;
use infra_model::snapshot::Condition;
use infra_provider::error::{Effect, ErrorKind, ProviderError};
use infra_provider::request::{Applied, FindRequest};

use super::{Thing, effect};
use crate::cloud::call::{CallKind, Request};
use crate::cloud::object::Object;

/// The pause between two looks.
const POLL: Duration = Duration::from_secs(2);

/// How often to look before giving up: no operation of the cloud takes longer than two minutes.
const POLLS_MAX: u32 = 60;

impl Thing {
    /// Waits until an object that a create made is shown whole; then the create is done.
    ///
    /// Whatever goes wrong here, the create was accepted: nobody may conclude that nothing was made.
    pub(super) async fn finished(
        &self,
        create: Request<'_>,
        id: &ObjectId,
    ) -> Result<Applied, ProviderError> {
        for _ in 0..POLLS_MAX {
            let call = self.request(CallKind::Read, create.address);
            let seen = self.cloud.ask(call, |world, _| {
                let object = world.objects.get(&self.place(id));
                object.filter(|object| object.is_finished()).cloned()
            });
            match seen.await {
                Ok(Some(object)) if object.condition == Condition::Complete => {
                    return Ok(effect::applied(&object));
                }
                Ok(Some(_)) => return Err(create.failed_late()),
                Ok(None) => {}
                Err(error) if error.kind.is_retryable() => {}
                Err(error) => {
                    return Err(ProviderError {
                        effect: Effect::Unknown,
                        ..error
                    });
                }
            }
            tokio::time::sleep(POLL).await;
        }
        Err(create.lost())
    }

    /// Looks for what a create may have made, and waits while it is still being made.
    pub(super) async fn settled(&self, request: &FindRequest) -> Result<Vec<Object>, ProviderError> {
        let call = self.request(CallKind::Find, Some(&request.tag.address));
        for _ in 0..POLLS_MAX {
            let find = self.cloud.ask(call, |world, lag| {
                effect::find(&world.shown(lag), self.class, request)
            });
            let found = find.await?;
            if !found.iter().any(Object::is_busy) {
                return Ok(found);
            }
            tokio::time::sleep(POLL).await;
        }
        Err(call.refused(ErrorKind::Busy, "The object is still being made"))
    }
}
