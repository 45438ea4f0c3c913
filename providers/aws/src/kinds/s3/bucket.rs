//! `aws.s3.bucket`: a bucket with all its settings.
//!
//! They are one resource and not one each, as a bucket without them is not what anybody asked for. No list shows them: a look asks
//! once which buckets the account has, and then seven questions about each bucket that is meant, side by side.
//!
//! Operations are named as the permissions that they need, which for buckets are not always the names of the calls.

use async_trait::async_trait;
use infra_model::record::ObjectId;
use infra_model::schema::{AttributeSchema, Equality, RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::value::Value;
use infra_provider::error::ProviderError;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, UpdateRequest};

use crate::kinds::inputs::{in_place, named, output, replaces, tags};
use crate::kinds::kms::key::KEPT_BY;
use crate::kinds::objects::{Found, Objects, Place, Which, attributes, changes};

mod deletion;
mod lifecycle;
mod look;
mod making;
mod settings;
mod tagging;

pub(super) use look::owned;

/// The type.
pub const BUCKET: &str = "aws.s3.bucket";

/// What stands for the bucket's ARN in its policy, so that the policy does not change with the name.
pub(crate) const SELF: &str = "{bucket}";

/// Manages buckets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket;

#[async_trait]
impl Objects for Bucket {
    fn schema(&self) -> ResourceSchema {
        ResourceSchema {
            resource_type: BUCKET.parse().expect("a well-formed type"),
            summary: "A bucket, encrypted and closed to the public".to_owned(),
            version: 1,
            recovery: RecoveryClass::Named,
            attributes: named(settings()),
            outputs: named([("name", output("Its name")), ("arn", output("Its ARN"))]),
            holds_data: true,
            create_before_destroy: false,
            typical: TypicalDurations {
                create_ms: 2_500,
                update_ms: 500,
                delete_ms: 1_000,
            },
        }
    }

    async fn list(&self, place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
        look::list(place, which).await
    }

    async fn create(&self, place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
        making::create(place, request).await
    }

    async fn update(&self, place: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let name = &request.id.0;
        settings::set(place, name, &request.inputs, |setting| {
            changes(request, &[setting])
        })
        .await?;
        if changes(request, &["tags"]) {
            tagging::change(place, name, &request.before, &request.inputs).await?;
        }
        Ok(applied(place, name))
    }

    async fn delete(&self, place: &Place, request: &DeleteRequest) -> Result<(), ProviderError> {
        deletion::delete(place, &request.id.0, &request.inputs).await
    }
}

fn settings() -> [(&'static str, AttributeSchema); 10] {
    [
        ("name", replaces("Its name, unique in the world").carried()),
        (
            "versioning",
            in_place("Whether overwritten and deleted objects are kept as versions").default_value(false),
        ),
        (
            "encryption_key",
            in_place("The ARN of the key that encrypts its objects; without one a key of the service does")
                .unlocks(KEPT_BY),
        ),
        (
            "bucket_key",
            in_place("Whether one key of the bucket saves requests to that key for each object")
                .default_value(false),
        ),
        (
            "public_access_block",
            in_place("Whether all four guards against public access are up").default_value(false),
        ),
        (
            "policy",
            in_place("Its policy; `{bucket}` stands for its ARN").equality(Equality::Policy),
        ),
        (
            "ownership",
            in_place("Who owns objects that others write: `BucketOwnerEnforced` ends all access lists"),
        ),
        (
            "lifecycle",
            in_place("After how many days what expires, as rules").equality(Equality::Unordered),
        ),
        (
            "force_destroy",
            in_place("Whether it is deleted with the objects in it").not_observed(),
        ),
        tags(),
    ]
}

fn applied(place: &Place, name: &str) -> Applied {
    Applied {
        id: ObjectId(name.to_owned()),
        outputs: attributes([
            ("name", Value::string(name)),
            ("arn", Value::String(super::arn(&place.clients.region, name))),
        ]),
    }
}
