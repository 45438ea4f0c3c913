//! `aws.s3.replication`: copies of what is written to a bucket, in a bucket elsewhere.
//!
//! It is a resource of its own because the role that copies must know the bucket first. A bucket has at most one, so the bucket's
//! name is its identity.

use async_trait::async_trait;
use aws_sdk_s3::types::{
    DeleteMarkerReplication, DeleteMarkerReplicationStatus, Destination, EncryptionConfiguration,
    ReplicationConfiguration, ReplicationRule, ReplicationRuleFilter, ReplicationRuleStatus,
    SourceSelectionCriteria, SseKmsEncryptedObjects, SseKmsEncryptedObjectsStatus,
};
use aws_smithy_types::error::operation::BuildError;
use futures::future::try_join_all;
use infra_model::record::ObjectId;
use infra_model::schema::{RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::snapshot::Condition;
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, UpdateRequest};

use super::bucket::owned;
use super::seen;
use crate::failure::{failed, gone};
use crate::kinds::inputs::{in_place, malformed, named, optional, optional_text, output, replaces, text};
use crate::kinds::objects::{Found, Objects, Place, Which, attributes};
use crate::ownership::Tags;

/// The type.
pub const REPLICATION: &str = "aws.s3.replication";

/// What `status` says of the one rule that copies everything.
const COPYING: &str = "copying";
/// The id of that rule.
const RULE: &str = "infra";
const CHANGE: &str = "s3.PutReplicationConfiguration";

/// Manages replication.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Replication;

#[async_trait]
impl Objects for Replication {
    fn schema(&self) -> ResourceSchema {
        ResourceSchema {
            resource_type: REPLICATION.parse().expect("a well-formed type"),
            summary: "Copies of a bucket's objects in another bucket".to_owned(),
            version: 1,
            recovery: RecoveryClass::Named,
            attributes: named([
                ("bucket", replaces("The bucket whose objects are copied")),
                ("role", in_place("The ARN of the role that copies")),
                (
                    "destination",
                    in_place("The ARN of the bucket that gets the copies"),
                ),
                ("kms_key", in_place("The ARN of the key that encrypts the copies")),
                (
                    "status",
                    in_place("`copying`, or `altered` when not everything is copied").default_value(COPYING),
                ),
            ]),
            outputs: named([("bucket", output("The bucket whose objects are copied"))]),
            holds_data: false,
            create_before_destroy: false,
            typical: TypicalDurations {
                create_ms: 500,
                update_ms: 500,
                delete_ms: 500,
            },
        }
    }

    /// No list shows it: each bucket is asked, those of others are not.
    async fn list(&self, place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
        let names: Vec<&str> = match which {
            Which::Ids(ids) => ids.iter().map(|id| id.0.as_str()).collect(),
            Which::Like(inputs) => optional_text(inputs, "bucket").into_iter().collect(),
            Which::Token(_) => Vec::new(),
        };
        let owned = owned(place, &names).await?;
        let there = names.into_iter().filter(|name| owned.contains(*name));
        let looks = there.map(|name| look_at(place, name));
        Ok(try_join_all(looks).await?.into_iter().flatten().collect())
    }

    async fn create(&self, place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let bucket = text(&request.inputs, "bucket")?;
        set(place, bucket, &request.inputs).await
    }

    async fn update(&self, place: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        set(place, &request.id.0, &request.inputs).await
    }

    async fn delete(&self, place: &Place, request: &DeleteRequest) -> Result<(), ProviderError> {
        let call = place.clients.s3().delete_bucket_replication();
        gone(CHANGE, call.bucket(&request.id.0).send().await)
    }
}

async fn set(place: &Place, bucket: &str, inputs: &Attributes) -> Result<Applied, ProviderError> {
    let (role, destination, key) = (
        text(inputs, "role")?,
        text(inputs, "destination")?,
        text(inputs, "kms_key")?,
    );
    let configuration = written(role, destination, key).map_err(|_| malformed("destination"))?;
    let call = place.clients.s3().put_bucket_replication().bucket(bucket);
    call.replication_configuration(configuration)
        .send()
        .await
        .map_err(|error| failed(CHANGE, error))?;
    Ok(Applied {
        id: ObjectId(bucket.to_owned()),
        outputs: attributes([("bucket", Value::string(bucket))]),
    })
}

/// Returns the rule that copies everything; deletions are not copied, so that a mistake here leaves the copy.
fn written(role: &str, destination: &str, key: &str) -> Result<ReplicationConfiguration, BuildError> {
    let encrypted = SseKmsEncryptedObjects::builder().status(SseKmsEncryptedObjectsStatus::Enabled);
    let selection = SourceSelectionCriteria::builder().sse_kms_encrypted_objects(encrypted.build()?);
    let markers = DeleteMarkerReplication::builder().status(DeleteMarkerReplicationStatus::Disabled);
    let encryption = EncryptionConfiguration::builder().replica_kms_key_id(key);
    let destination = Destination::builder()
        .bucket(destination)
        .encryption_configuration(encryption.build());
    let rule = ReplicationRule::builder()
        .id(RULE)
        .priority(1)
        .status(ReplicationRuleStatus::Enabled)
        .filter(ReplicationRuleFilter::builder().prefix("").build())
        .source_selection_criteria(selection.build())
        .delete_marker_replication(markers.build())
        .destination(destination.build()?);
    ReplicationConfiguration::builder()
        .role(role)
        .rules(rule.build()?)
        .build()
}

async fn look_at(place: &Place, bucket: &str) -> Result<Option<Found>, ProviderError> {
    let call = place.clients.s3().get_bucket_replication().bucket(bucket);
    let answer = seen("s3.GetReplicationConfiguration", call.send().await)?;
    let configuration = answer.and_then(|answer| answer.replication_configuration);
    Ok(configuration.map(|configuration| Found {
        id: ObjectId(bucket.to_owned()),
        attributes: shown(bucket, configuration),
        outputs: attributes([("bucket", Value::string(bucket))]),
        condition: Condition::Complete,
        tags: Tags::new(),
    }))
}

fn shown(bucket: &str, configuration: ReplicationConfiguration) -> Attributes {
    let is_whole = matches!(&configuration.rules[..], [rule] if copies_all(rule));
    let rule = configuration.rules.into_iter().next();
    let destination = rule.and_then(|rule| rule.destination);
    let encryption = destination
        .as_ref()
        .and_then(|destination| destination.encryption_configuration.as_ref());
    let key = encryption.and_then(|encryption| encryption.replica_kms_key_id.clone());
    attributes([
        ("bucket", Value::string(bucket)),
        ("role", Value::String(configuration.role)),
        (
            "destination",
            optional(destination.map(|destination| destination.bucket)),
        ),
        ("kms_key", optional(key)),
        ("status", Value::from(if is_whole { COPYING } else { "altered" })),
    ])
}

fn copies_all(rule: &ReplicationRule) -> bool {
    let is_narrow = |filter: &ReplicationRuleFilter| {
        filter.tag.is_some()
            || filter.and.is_some()
            || filter.prefix().is_some_and(|prefix| !prefix.is_empty())
    };
    rule.status == ReplicationRuleStatus::Enabled && !rule.filter().is_some_and(is_narrow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_reads_back_as_it_was_written() {
        let shown = shown("shop", written("arn:role", "arn:bucket", "arn:key").unwrap());
        assert_eq!(shown["status"], Value::string(COPYING));
        assert_eq!(shown["destination"], Value::string("arn:bucket"));
        assert_eq!(shown["kms_key"], Value::string("arn:key"));
        assert_eq!(shown["role"], Value::string("arn:role"));
    }

    #[test]
    fn a_rule_that_was_switched_off_is_altered() {
        let mut configuration = written("arn:role", "arn:bucket", "arn:key").unwrap();
        configuration.rules[0].status = ReplicationRuleStatus::Disabled;
        assert_eq!(shown("shop", configuration)["status"], Value::string("altered"));
    }
}
