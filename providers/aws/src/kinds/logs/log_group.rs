//! `aws.logs.log_group`: where a service of AWS writes what it does.

use std::time::Duration;

use async_trait::async_trait;
use infra_model::record::ObjectId;
use infra_model::schema::{RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, UpdateRequest};

use crate::failure::{done, failed, gone, half_done};
use crate::kinds::inputs::{in_place, named, number, optional_text, output, replaces, tags, text};
use crate::kinds::kms::key::KEPT_BY;
use crate::kinds::objects::{Found, Objects, Place, Which, attributes, changes};
use crate::ownership::{TagChange, Tags};
use crate::waiting::until;

mod look;

/// The type.
pub const LOG_GROUP: &str = "aws.logs.log_group";

/// How long lists may take to show a new group.
const SHOWN_WITHIN: Duration = Duration::from_secs(60);

/// Manages log groups.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogGroup;

#[async_trait]
impl Objects for LogGroup {
    fn schema(&self) -> ResourceSchema {
        ResourceSchema {
            resource_type: LOG_GROUP.parse().expect("a well-formed type"),
            summary: "Where a service of AWS writes what it does".to_owned(),
            version: 1,
            recovery: RecoveryClass::Named,
            attributes: named([
                ("name", replaces("Its name, unique in account and region")),
                (
                    "retention_days",
                    in_place("Days after which what was written goes; never if not set"),
                ),
                (
                    "kms_key",
                    in_place("The ARN of the key that encrypts what is written from now on").unlocks(KEPT_BY),
                ),
                tags(),
            ]),
            outputs: named([("name", output("Its name")), ("arn", output("Its ARN"))]),
            holds_data: true,
            create_before_destroy: false,
            typical: TypicalDurations {
                create_ms: 500,
                update_ms: 300,
                delete_ms: 300,
            },
        }
    }

    async fn list(&self, place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
        look::list(place, which).await
    }

    async fn create(&self, place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let inputs = &request.inputs;
        let name = text(inputs, "name")?;
        let tags = place.tags_of_new(request).into_iter().collect();
        let call = place
            .clients
            .logs()
            .create_log_group()
            .log_group_name(name)
            .set_kms_key_id(optional_text(inputs, "kms_key").map(str::to_owned))
            .set_tags(Some(tags));
        call.send()
            .await
            .map_err(|error| failed("logs.CreateLogGroup", error))?;
        if let Some(days) = number(inputs, "retention_days") {
            // Whoever finds the group after this failed sets it.
            retain(place, name, Some(days)).await.map_err(half_done)?;
        }
        applied(place, name).await
    }

    async fn complete(&self, place: &Place, inputs: &Attributes, found: &Found) -> Result<(), ProviderError> {
        let (wanted, seen) = (
            number(inputs, "retention_days"),
            number(&found.attributes, "retention_days"),
        );
        if wanted.is_none() || wanted == seen {
            return Ok(());
        }
        retain(place, &found.id.0, wanted).await
    }

    async fn update(&self, place: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let (name, inputs) = (&request.id.0, &request.inputs);
        if changes(request, &["retention_days"]) {
            retain(place, name, number(inputs, "retention_days")).await?;
        }
        if changes(request, &["kms_key"]) {
            encrypt(place, name, optional_text(inputs, "kms_key")).await?;
        }
        if changes(request, &["tags"]) {
            change_tags(place, name, &request.before, inputs).await?;
        }
        applied(place, name).await
    }

    async fn delete(&self, place: &Place, request: &DeleteRequest) -> Result<(), ProviderError> {
        let logs = place.clients.logs();
        let call = logs.delete_log_group().log_group_name(&request.id.0);
        gone("logs.DeleteLogGroup", call.send().await)
    }
}

/// Sets after how many days what was written goes; never without a number.
async fn retain(place: &Place, name: &str, days: Option<i32>) -> Result<(), ProviderError> {
    let logs = place.clients.logs();
    if let Some(days) = days {
        let call = logs.put_retention_policy().log_group_name(name);
        call.retention_in_days(days)
            .send()
            .await
            .map_err(|error| failed("logs.PutRetentionPolicy", error))?;
    } else {
        let call = logs.delete_retention_policy().log_group_name(name);
        call.send()
            .await
            .map_err(|error| failed("logs.DeleteRetentionPolicy", error))?;
    }
    Ok(())
}

/// Encrypts what is written from now on with this key, or with the service's own.
async fn encrypt(place: &Place, name: &str, key: Option<&str>) -> Result<(), ProviderError> {
    let logs = place.clients.logs();
    if let Some(key) = key {
        let call = logs.associate_kms_key().log_group_name(name).kms_key_id(key);
        call.send()
            .await
            .map_err(|error| failed("logs.AssociateKmsKey", error))?;
    } else {
        let call = logs.disassociate_kms_key().log_group_name(name);
        call.send()
            .await
            .map_err(|error| failed("logs.DisassociateKmsKey", error))?;
    }
    Ok(())
}

async fn change_tags(
    place: &Place,
    name: &str,
    before: &Attributes,
    after: &Attributes,
) -> Result<(), ProviderError> {
    let arn = look::arn(place, name).await?.unwrap_or_default();
    let logs = place.clients.logs();
    let set = async |tags: Tags| {
        let call = logs
            .tag_resource()
            .resource_arn(&arn)
            .set_tags(Some(tags.into_iter().collect()));
        done("logs.TagResource", call.send().await)
    };
    let remove = async |keys| {
        let call = logs.untag_resource().resource_arn(&arn).set_tag_keys(Some(keys));
        done("logs.UntagResource", call.send().await)
    };
    TagChange::between(before, after).make(set, remove).await
}

/// Returns a log group as it was left; a new one may take a moment until lists show it.
async fn applied(place: &Place, name: &str) -> Result<Applied, ProviderError> {
    let arn = until("logs.CreateLogGroup", SHOWN_WITHIN, async || {
        look::arn(place, name).await
    });
    let arn = arn.await?;
    Ok(Applied {
        id: ObjectId(name.to_owned()),
        outputs: attributes([("name", Value::string(name)), ("arn", Value::String(arn))]),
    })
}
