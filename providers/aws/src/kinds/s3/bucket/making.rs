//! Making a bucket: with its tags in one call, then its settings.

use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use infra_model::value::Value;
use infra_provider::error::{ErrorKind, ProviderError};
use infra_provider::request::{Applied, CreateRequest};

use super::{Place, applied, look, settings, tagging};
use crate::failure::failed;
use crate::kinds::inputs::text;
use crate::kinds::stages::{begun, is_of, unfinished};
use crate::ownership::Tags;

const CREATE: &str = "s3.CreateBucket";
/// The region whose buckets are made without naming it, and where making one's own bucket again is answered as if it were new.
const FIRST_REGION: &str = "us-east-1";

/// Makes a bucket. One that an earlier try of the same request made is finished.
pub(super) async fn create(place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
    let name = text(&request.inputs, "name")?;
    let made = make(place, name, &place.tags_of_new(request)).await;
    let look = async || {
        let is_there = look::owned(place, &[name]).await?.contains(name);
        let is_ours = is_there && is_of(request, &tagging::read(place, name).await?);
        Ok(is_ours.then_some(()))
    };
    begun(made, look).await.map_err(|error| explained(error, name))?;
    // A new bucket has no setting that would have to be taken away.
    let is_asked = |setting: &str| {
        let value = request.inputs.get(setting);
        value.is_some_and(|value| !value.is_null() && *value != Value::Bool(false))
    };
    let set = settings::set(place, name, &request.inputs, is_asked).await;
    set.map_err(unfinished)?;
    Ok(applied(place, name))
}

async fn make(place: &Place, name: &str, tags: &Tags) -> Result<(), ProviderError> {
    let region = place.clients.region.as_str();
    if region == FIRST_REGION && look::owned(place, &[name]).await?.contains(name) {
        let message = format!("The account has a bucket `{name}`");
        return Err(ProviderError::rejected(ErrorKind::AlreadyExists, CREATE, message));
    }
    let elsewhere = (region != FIRST_REGION).then(|| BucketLocationConstraint::from(region));
    let configuration = CreateBucketConfiguration::builder()
        .set_location_constraint(elsewhere)
        .set_tags(Some(tagging::tags_of(tags)))
        .build();
    let call = place.clients.s3().create_bucket().bucket(name);
    call.create_bucket_configuration(configuration)
        .send()
        .await
        .map_err(|error| failed(CREATE, error))?;
    Ok(())
}

/// Says what to do about a name that is taken.
fn explained(error: ProviderError, name: &str) -> ProviderError {
    if error.kind != ErrorKind::AlreadyExists {
        return error;
    }
    let whose = match error.code.as_deref() {
        Some("BucketAlreadyExists") => "Somebody else in the world",
        _ => "The account",
    };
    ProviderError {
        message: format!("{whose} has a bucket named `{name}` already"),
        ..error
    }
    .hint("Choose another name in the component: aws { name = \"…\" }")
}
