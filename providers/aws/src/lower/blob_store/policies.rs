//! Who may do what with a bucket.

use infra_model::value::Value;
use serde_json::json;

use crate::kinds::s3::bucket::SELF;
use crate::lower::documents::filled;

/// The version of the language of policies.
pub(super) const LANGUAGE: &str = "2012-10-17";

/// Returns the policy of a bucket: nobody may ask for anything in clear.
pub(super) fn tls_only() -> Value {
    let policy = json!({
        "Version": LANGUAGE,
        "Statement": [{
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [SELF, format!("{SELF}/*")],
            "Condition": { "Bool": { "aws:SecureTransport": "false" } },
        }],
    });
    Value::String(policy.to_string())
}

/// Returns the policy of the user of a bucket: it reads and writes there and nowhere else. Versions that were overwritten can be
/// read and not removed.
pub(super) fn read_and_write(bucket: &Value, key: &Value) -> Value {
    let policy = json!({
        "Version": LANGUAGE,
        "Statement": [
            {
                "Sid": "Bucket",
                "Effect": "Allow",
                "Action": [
                    "s3:GetBucketLocation",
                    "s3:ListBucket",
                    "s3:ListBucketMultipartUploads",
                    "s3:ListBucketVersions",
                ],
                "Resource": "{bucket}",
            },
            {
                "Sid": "Objects",
                "Effect": "Allow",
                "Action": [
                    "s3:AbortMultipartUpload",
                    "s3:DeleteObject",
                    "s3:GetObject",
                    "s3:GetObjectAttributes",
                    "s3:GetObjectTagging",
                    "s3:GetObjectVersion",
                    "s3:ListMultipartUploadParts",
                    "s3:PutObject",
                    "s3:PutObjectTagging",
                ],
                "Resource": "{bucket}/*",
            },
            {
                "Sid": "Key",
                "Effect": "Allow",
                "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                "Resource": "{key}",
            },
        ],
    });
    filled(&policy, &[("{bucket}", bucket), ("{key}", key)])
}
