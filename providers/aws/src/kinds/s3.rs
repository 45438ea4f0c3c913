//! Buckets of the Simple Storage Service.

use crate::partition;

pub mod bucket;
pub mod replication;

/// Returns the ARN of a bucket.
fn arn(region: &str, bucket: &str) -> String {
    format!("arn:{}:s3:::{bucket}", partition::name(region))
}
