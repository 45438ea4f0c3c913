//! Settings of a bucket: one call each, one after the other, because the service refuses two at once.

use aws_sdk_s3::types::{
    BucketVersioningStatus, ObjectOwnership, OwnershipControls, OwnershipControlsRule,
    PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, VersioningConfiguration,
};
use infra_model::value::Attributes;
use infra_provider::error::ProviderError;

use super::super::arn;
use super::{Place, SELF, lifecycle};
use crate::failure::failed;
use crate::kinds::inputs::{flag, malformed, optional_text};

/// Sets those of a bucket's settings that are meant. Guards against the public come before anything that could open it.
pub(super) async fn set(
    place: &Place,
    name: &str,
    inputs: &Attributes,
    is_meant: impl Fn(&str) -> bool,
) -> Result<(), ProviderError> {
    if is_meant("public_access_block") {
        guard(place, name, flag(inputs, "public_access_block") == Some(true)).await?;
    }
    if is_meant("ownership") {
        own(place, name, optional_text(inputs, "ownership")).await?;
    }
    if is_meant("encryption_key") || is_meant("bucket_key") {
        let bucket_key = flag(inputs, "bucket_key") == Some(true);
        encrypt(place, name, optional_text(inputs, "encryption_key"), bucket_key).await?;
    }
    if is_meant("policy") {
        allow(place, name, optional_text(inputs, "policy")).await?;
    }
    if is_meant("versioning") {
        keep_versions(place, name, flag(inputs, "versioning") == Some(true)).await?;
    }
    if is_meant("lifecycle") {
        lifecycle::write(place, name, inputs.get("lifecycle")).await?;
    }
    Ok(())
}

async fn guard(place: &Place, name: &str, wanted: bool) -> Result<(), ProviderError> {
    let guards = PublicAccessBlockConfiguration::builder()
        .block_public_acls(wanted)
        .ignore_public_acls(wanted)
        .block_public_policy(wanted)
        .restrict_public_buckets(wanted)
        .build();
    let call = place.clients.s3().put_public_access_block().bucket(name);
    call.public_access_block_configuration(guards)
        .send()
        .await
        .map_err(|error| failed("s3.PutBucketPublicAccessBlock", error))?;
    Ok(())
}

async fn own(place: &Place, name: &str, ownership: Option<&str>) -> Result<(), ProviderError> {
    let s3 = place.clients.s3();
    let Some(ownership) = ownership else {
        let call = s3.delete_bucket_ownership_controls().bucket(name).send();
        call.await
            .map_err(|error| failed("s3.PutBucketOwnershipControls", error))?;
        return Ok(());
    };
    let rule = OwnershipControlsRule::builder().object_ownership(ObjectOwnership::from(ownership));
    let rule = rule.build().map_err(|_| malformed("ownership"))?;
    let controls = OwnershipControls::builder().rules(rule);
    let controls = controls.build().map_err(|_| malformed("ownership"))?;
    let call = s3.put_bucket_ownership_controls().bucket(name);
    call.ownership_controls(controls)
        .send()
        .await
        .map_err(|error| failed("s3.PutBucketOwnershipControls", error))?;
    Ok(())
}

async fn encrypt(
    place: &Place,
    name: &str,
    key: Option<&str>,
    bucket_key: bool,
) -> Result<(), ProviderError> {
    let s3 = place.clients.s3();
    let Some(key) = key else {
        let call = s3.delete_bucket_encryption().bucket(name).send();
        call.await
            .map_err(|error| failed("s3.PutEncryptionConfiguration", error))?;
        return Ok(());
    };
    let default = ServerSideEncryptionByDefault::builder()
        .sse_algorithm(ServerSideEncryption::AwsKms)
        .kms_master_key_id(key);
    let default = default.build().map_err(|_| malformed("encryption_key"))?;
    let rule = ServerSideEncryptionRule::builder()
        .apply_server_side_encryption_by_default(default)
        .bucket_key_enabled(bucket_key)
        .build();
    let rules = ServerSideEncryptionConfiguration::builder().rules(rule);
    let rules = rules.build().map_err(|_| malformed("encryption_key"))?;
    let call = s3.put_bucket_encryption().bucket(name);
    call.server_side_encryption_configuration(rules)
        .send()
        .await
        .map_err(|error| failed("s3.PutEncryptionConfiguration", error))?;
    Ok(())
}

async fn allow(place: &Place, name: &str, policy: Option<&str>) -> Result<(), ProviderError> {
    let s3 = place.clients.s3();
    let Some(policy) = policy else {
        let call = s3.delete_bucket_policy().bucket(name).send();
        call.await
            .map_err(|error| failed("s3.DeleteBucketPolicy", error))?;
        return Ok(());
    };
    let policy = policy.replace(SELF, &arn(&place.clients.region, name));
    let call = s3.put_bucket_policy().bucket(name).policy(policy).send();
    call.await.map_err(|error| failed("s3.PutBucketPolicy", error))?;
    Ok(())
}

/// A bucket that ever kept versions cannot forget that: it is suspended, and versions that there are stay.
async fn keep_versions(place: &Place, name: &str, wanted: bool) -> Result<(), ProviderError> {
    let s3 = place.clients.s3();
    let status = if wanted {
        BucketVersioningStatus::Enabled
    } else {
        BucketVersioningStatus::Suspended
    };
    let configuration = VersioningConfiguration::builder().status(status).build();
    let call = s3.put_bucket_versioning().bucket(name);
    call.versioning_configuration(configuration)
        .send()
        .await
        .map_err(|error| failed("s3.PutBucketVersioning", error))?;
    Ok(())
}
