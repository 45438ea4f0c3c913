//! `aws.kms.key`: a customer managed key.
//!
//! A deleted key waits for days before it is gone. Whoever wants the same key again in that time gets it back: what it encrypted
//! would be lost with a new one.

use std::time::Duration;

use async_trait::async_trait;
use infra_model::record::ObjectId;
use infra_model::schema::{RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, UpdateRequest};

use crate::failure::{failed, gone, half_done};
use crate::kinds::inputs::{flag, in_place, named, number, optional_text, output, replaces, tags};
use crate::kinds::objects::{Found, Objects, Place, Which, attributes, changes};
use crate::kinds::stages::not_known_yet;
use crate::waiting;

mod look;
mod revival;
mod tagging;

/// The type.
pub const KEY: &str = "aws.kms.key";

/// How a stack keeps the key that something is encrypted with.
pub(crate) const KEPT_BY: &str = "What is encrypted stays so with its key. Say in the component which one that is: aws { encryption_key = \
     \"own\" } for a key of its own, or the address of a vault, which stays as long as something is encrypted with its key";

/// Days that a deleted key waits if nothing is said: the most that the service takes.
const WINDOW_DAYS: i32 = 30;

/// How long it takes at most until all of the service knows a new key.
const KNOWN_AFTER: Duration = Duration::from_secs(120);

/// Manages keys.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key;

#[async_trait]
impl Objects for Key {
    fn schema(&self) -> ResourceSchema {
        ResourceSchema {
            resource_type: KEY.parse().expect("a well-formed type"),
            summary: "A key that encrypts what an environment keeps".to_owned(),
            version: 1,
            recovery: RecoveryClass::Tagged,
            attributes: named([
                ("description", in_place("What it is for")),
                ("enabled", in_place("Whether it can be used").default_value(true)),
                (
                    "rotation",
                    in_place("Whether its material is renewed every year").default_value(false),
                ),
                (
                    "multi_region",
                    replaces("Whether it can be copied to other regions")
                        .default_value(false)
                        .carried(),
                ),
                (
                    "deletion_window_days",
                    in_place("Days that it can be got back after it was deleted, 7 to 30; 0 if it stays")
                        .not_observed(),
                ),
                tags(),
            ]),
            outputs: named([("id", output("Its id")), ("arn", output("Its ARN"))]),
            holds_data: true,
            // What can be encrypted anew is, from the old one.
            create_before_destroy: true,
            typical: TypicalDurations {
                create_ms: 1_000,
                update_ms: 500,
                delete_ms: 500,
            },
        }
    }

    fn leaves(&self) -> Option<&'static str> {
        Some(
            "the key for its waiting time: an apply in that time takes it back. With a waiting time of 0 it stays for good",
        )
    }

    async fn list(&self, place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
        look::list(place, which).await
    }

    async fn create(&self, place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
        if let Some(revived) = revival::revive(place, request).await? {
            return Ok(revived);
        }
        let inputs = &request.inputs;
        let call = place
            .clients
            .kms()
            .create_key()
            .set_description(optional_text(inputs, "description").map(str::to_owned))
            .set_multi_region(flag(inputs, "multi_region"))
            .set_tags(Some(tagging::tags_of(&place.tags_of_new(request))));
        let made = call
            .send()
            .await
            .map_err(|error| failed("kms.CreateKey", error))?;
        let (id, arn) = made
            .key_metadata()
            .map(|key| (key.key_id(), key.arn().unwrap_or_default()))
            .unwrap_or_default();
        if flag(inputs, "rotation") == Some(true) {
            // Whoever finds the key after this failed switches it on.
            rotate_new(place, id).await.map_err(half_done)?;
        }
        Ok(applied(id, arn))
    }

    async fn complete(&self, place: &Place, inputs: &Attributes, found: &Found) -> Result<(), ProviderError> {
        let rotates = |of: &Attributes| flag(of, "rotation") == Some(true);
        if !rotates(inputs) || rotates(&found.attributes) {
            return Ok(());
        }
        rotate(place, &found.id.0, true).await
    }

    async fn update(&self, place: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let (id, inputs) = (&request.id.0, &request.inputs);
        if changes(request, &["enabled"]) {
            switch(place, id, flag(inputs, "enabled") != Some(false)).await?;
        }
        if changes(request, &["rotation"]) {
            rotate(place, id, flag(inputs, "rotation") == Some(true)).await?;
        }
        if changes(request, &["tags"]) {
            tagging::change(place, id, &request.before, inputs).await?;
        }
        let arn = look::describe(place, id).await?.and_then(|key| key.arn);
        Ok(applied(id, &arn.unwrap_or_default()))
    }

    async fn delete(&self, place: &Place, request: &DeleteRequest) -> Result<(), ProviderError> {
        let id = &request.id.0;
        if look::describe(place, id)
            .await?
            .is_none_or(|key| look::is_going(&key))
        {
            return Ok(());
        }
        revival::retire(place, request).await?;
        let days = number(&request.inputs, "deletion_window_days").unwrap_or(WINDOW_DAYS);
        if days == 0 {
            return Ok(());
        }
        let call = place
            .clients
            .kms()
            .schedule_key_deletion()
            .key_id(id)
            .pending_window_in_days(days);
        gone("kms.ScheduleKeyDeletion", call.send().await)
    }
}

async fn rotate(place: &Place, id: &str, wanted: bool) -> Result<(), ProviderError> {
    let kms = place.clients.kms();
    if wanted {
        let call = kms.enable_key_rotation().key_id(id).send();
        call.await
            .map_err(|error| failed("kms.EnableKeyRotation", error))?;
    } else {
        let call = kms.disable_key_rotation().key_id(id).send();
        call.await
            .map_err(|error| failed("kms.DisableKeyRotation", error))?;
    }
    Ok(())
}

/// Begins the rotation of a key that was made a moment ago: not all of the service knows it at once.
async fn rotate_new(place: &Place, id: &str) -> Result<(), ProviderError> {
    waiting::until("kms.EnableKeyRotation", KNOWN_AFTER, async || {
        let done = rotate(place, id, true).await;
        done.map(Some).map_err(not_known_yet)
    })
    .await
}

async fn switch(place: &Place, id: &str, wanted: bool) -> Result<(), ProviderError> {
    let kms = place.clients.kms();
    if wanted {
        let call = kms.enable_key().key_id(id).send();
        call.await.map_err(|error| failed("kms.EnableKey", error))?;
    } else {
        let call = kms.disable_key().key_id(id).send();
        call.await.map_err(|error| failed("kms.DisableKey", error))?;
    }
    Ok(())
}

fn applied(id: &str, arn: &str) -> Applied {
    Applied {
        id: ObjectId(id.to_owned()),
        outputs: attributes([("id", Value::string(id)), ("arn", Value::string(arn))]),
    }
}
