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
use infra_provider::error::{Effect, ErrorKind, ProviderError};
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, UpdateRequest};

use super::bucket::owned;
use crate::failure::{failed, gone, seen};
use crate::kinds::inputs::{in_place, malformed, named, optional, output, replaces, text};
use crate::kinds::objects::{Found, Objects, Place, Which, attributes};
use crate::kinds::stages::not_known_yet;
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
        let names = which.names("bucket");
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
        .map_err(|error| not_versioned_yet(failed(CHANGE, error)))?;
    Ok(Applied {
        id: ObjectId(bucket.to_owned()),
        outputs: attributes([("bucket", Value::string(bucket))]),
    })
}

/// Returns the error of a call about a bucket that was made a moment ago: that it is there, and that it keeps versions, spreads. Source:
/// `PutBucketVersioning` in the API reference, and the two answers at which Terraform's provider tries again.
fn not_versioned_yet(error: ProviderError) -> ProviderError {
    match error.message.contains("Versioning must be 'Enabled'") {
        true => ProviderError {
            kind: ErrorKind::Unavailable,
            effect: Effect::None,
            ..error
        },
        false => not_known_yet(error),
    }
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

/// Tells whether a rule copies what ours does, where and how it does it: every object, as it is written, and no deletion.
fn copies_all(rule: &ReplicationRule) -> bool {
    let selection = rule.source_selection_criteria.as_ref();
    let encrypted = selection.and_then(|selection| selection.sse_kms_encrypted_objects.as_ref());
    let markers = rule.delete_marker_replication.as_ref();
    let markers = markers.and_then(|markers| markers.status.as_ref());
    rule.status == ReplicationRuleStatus::Enabled
        && !is_narrow(rule)
        // Without this no object that a key of KMS encrypts is copied: none of these buckets.
        && encrypted.is_some_and(|encrypted| encrypted.status == SseKmsEncryptedObjectsStatus::Enabled)
        && markers != Some(&DeleteMarkerReplicationStatus::Enabled)
        && rule.destination.as_ref().is_some_and(|destination| {
            destination.storage_class.is_none() && destination.access_control_translation.is_none()
        })
}

#[expect(deprecated, reason = "rules of the first version say by it what they are for")]
fn is_narrow(rule: &ReplicationRule) -> bool {
    let says_some = |prefix: Option<&str>| prefix.is_some_and(|prefix| !prefix.is_empty());
    let filter = rule.filter.as_ref();
    says_some(rule.prefix.as_deref())
        || filter
            .is_some_and(|filter| filter.tag.is_some() || filter.and.is_some() || says_some(filter.prefix()))
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

    /// Returns what a rule is that was changed so.
    fn status(change: impl FnOnce(&mut ReplicationRule)) -> Value {
        let mut configuration = written("arn:role", "arn:bucket", "arn:key").unwrap();
        change(&mut configuration.rules[0]);
        shown("shop", configuration)["status"].clone()
    }

    #[test]
    fn a_rule_that_was_switched_off_is_altered() {
        let off = status(|rule| rule.status = ReplicationRuleStatus::Disabled);
        assert_eq!(off, Value::string("altered"));
    }

    #[test]
    fn a_rule_that_passes_over_encrypted_objects_copies_nothing() {
        let without = status(|rule| rule.source_selection_criteria = None);
        assert_eq!(without, Value::string("altered"));
    }

    #[test]
    #[expect(deprecated, reason = "others may have written it")]
    fn a_rule_for_some_objects_or_for_deletions_too_is_altered() {
        let old = status(|rule| {
            rule.filter = None;
            rule.prefix = Some("logs/".to_owned());
        });
        assert_eq!(old, Value::string("altered"));
        let deletions = status(|rule| {
            let markers = DeleteMarkerReplication::builder().status(DeleteMarkerReplicationStatus::Enabled);
            rule.delete_marker_replication = Some(markers.build());
        });
        assert_eq!(deletions, Value::string("altered"));
        assert_eq!(status(|rule| rule.priority = Some(7)), Value::string(COPYING));
    }

    #[test]
    fn versions_that_are_not_known_of_yet_are_waited_for() {
        let message = "Versioning must be 'Enabled' on the bucket to apply a replication configuration";
        let error = not_versioned_yet(ProviderError::rejected(ErrorKind::Invalid, CHANGE, message));
        assert_eq!((error.kind, error.effect), (ErrorKind::Unavailable, Effect::None));
        let other = not_versioned_yet(ProviderError::rejected(
            ErrorKind::Invalid,
            CHANGE,
            "Malformed XML",
        ));
        assert_eq!(other.kind, ErrorKind::Invalid);
    }
}
