//! Buckets of the Simple Storage Service.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use infra_provider::error::ProviderError;

use crate::failure::{is_absent, rejected};
use crate::partition;

pub mod bucket;
pub mod replication;

/// Returns the ARN of a bucket.
fn arn(region: &str, bucket: &str) -> String {
    format!("arn:{}:s3:::{bucket}", partition::name(region))
}

/// Returns what a look answered; nothing if there is no such setting, or no such bucket.
fn seen<T, E>(
    operation: &str,
    answer: Result<T, SdkError<E, HttpResponse>>,
) -> Result<Option<T>, ProviderError>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match answer.map_err(|error| rejected(operation, error)) {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(error),
    }
}
