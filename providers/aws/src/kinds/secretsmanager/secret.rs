//! `aws.secretsmanager.secret`: a secret with its versions.
//!
//! A version is named by the token of the call that made it and, where the value was generated, by the recipe: sent again, a call
//! finds its own version, and an observation tells which rotation a value is of.
//!
//! A deleted secret waits for days before it is gone, and keeps its name. Whoever wants the same one again in that time gets it
//! back, with a new value.

use async_trait::async_trait;
use infra_model::schema::{RecoveryClass, ResourceSchema, TypicalDurations};
use infra_provider::error::ProviderError;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, UpdateRequest};

use crate::failure::{failed, is_absent};
use crate::kinds::inputs::{in_place, named, number, output, replaces, tags};
use crate::kinds::objects::{Found, Objects, Place, Which};

mod creation;
mod look;
mod renewal;
mod settings;
mod version;

/// The type.
pub const SECRET: &str = "aws.secretsmanager.secret";

/// Days that a deleted secret waits if nothing is said: the most that the service takes.
const WINDOW_DAYS: i32 = 30;

/// Says what to do about a secret that has replicas in other regions: they have to go first, and the service does not let them go with
/// the secret (`DeleteSecret` in the API reference).
fn with_replicas(error: ProviderError, arn: &str) -> ProviderError {
    if !error.message.to_lowercase().contains("replica") {
        return error;
    }
    error.hint(format!(
        "Delete its replicas first: aws secretsmanager remove-regions-from-replication --secret-id {arn} --remove-replica-regions REGION"
    ))
}

/// Manages secrets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Secret;

#[async_trait]
impl Objects for Secret {
    fn schema(&self) -> ResourceSchema {
        ResourceSchema {
            resource_type: SECRET.parse().expect("a well-formed type"),
            summary: "A secret with all its versions".to_owned(),
            version: 1,
            recovery: RecoveryClass::Token,
            attributes: named([
                ("name", replaces("Its name in account and region")),
                (
                    "generate",
                    in_place("How it is generated: `length` and `alphabet`"),
                ),
                ("value", in_place("The secret, when it is given")),
                (
                    "rotation",
                    in_place("How often it was rotated on demand")
                        .carried()
                        .default_value(0_i64),
                ),
                ("kms_key", in_place("The ARN of the key that encrypts it")),
                ("description", in_place("What it is for")),
                (
                    "rotation_lambda",
                    in_place("The ARN of the function by which AWS rotates it"),
                ),
                (
                    "rotation_days",
                    in_place("Days between the rotations by that function, 1 to 1000"),
                ),
                (
                    "recovery_window_days",
                    in_place("Days that it can be got back after it was deleted, 7 to 30; 0 for none")
                        .not_observed(),
                ),
                tags(),
            ]),
            outputs: named([
                (
                    "value",
                    output("The newest version of the secret")
                        .secret()
                        .changes_on_update(),
                ),
                (
                    "version",
                    output("The id of the newest version").changes_on_update(),
                ),
                ("arn", output("Its ARN")),
                ("name", output("Its name")),
            ]),
            holds_data: true,
            create_before_destroy: false,
            typical: TypicalDurations {
                create_ms: 600,
                update_ms: 600,
                delete_ms: 400,
            },
        }
    }

    fn leaves(&self) -> Option<&'static str> {
        Some("the secret for its waiting time: an apply in that time takes its name back")
    }

    async fn list(&self, place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
        look::list(place, which).await
    }

    async fn create(&self, place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
        creation::create(place, request).await
    }

    async fn update(&self, place: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        renewal::update(place, request).await
    }

    async fn delete(&self, place: &Place, request: &DeleteRequest) -> Result<(), ProviderError> {
        let days = number(&request.inputs, "recovery_window_days").unwrap_or(WINDOW_DAYS);
        let call = place.clients.secrets().delete_secret().secret_id(&request.id.0);
        let call = if days == 0 {
            call.force_delete_without_recovery(true)
        } else {
            call.recovery_window_in_days(days.into())
        };
        match call
            .send()
            .await
            .map_err(|error| failed("secretsmanager.DeleteSecret", error))
        {
            Err(error) if !is_absent(&error) && !creation::waits_for_deletion(&error) => {
                Err(with_replicas(error, &request.id.0))
            }
            _ => Ok(()),
        }
    }
}
