//! Copies of a store's objects in a bucket elsewhere: `aws { replicate_to = { bucket = "arn:…", kms_key = "arn:…" } }`.
//!
//! The other bucket is made by another stack, usually the same one in another region: it must keep versions, and if it is of another
//! account its policy must let the role write.

use infra_model::component::blob_store::BlobStore;
use infra_model::diagnostic::Diagnostic;
use infra_model::resource::Desired;
use infra_model::value::Value;
use infra_provider::lowering::output;
use serde_json::json;

use super::super::encryption::Encryption;
use super::super::scene::Scene;
use super::checks::wrong;
use super::policies::LANGUAGE;
use crate::kinds::s3::replication::REPLICATION;
use crate::lower::documents::filled;
use crate::partition;

const SETTING: &str = "replicate_to";
const ROLE: &str = "aws.iam.role";
const NAME: &str = "replication";
/// What the setting may say.
const PARTS: [&str; 3] = ["bucket", "kms_key", "region"];

/// Where copies go.
#[derive(Clone, Copy, Debug)]
struct Copies<'a> {
    bucket: &'a str,
    key: &'a str,
    region: &'a str,
}

/// Returns the role that copies and the rule that says where to; none if nothing is copied.
pub(super) fn resources(scene: &Scene<'_>, bucket: &Desired, encryption: &Encryption) -> Vec<Desired> {
    let Ok(Some(copies)) = copies(scene) else {
        return Vec::new();
    };
    let arn = output(&bucket.address, "arn");
    let description = format!("Copies the objects of {}", scene.component.address);
    let role = scene.resource(
        ROLE,
        NAME,
        [
            ("name", Value::String(scene.name(NAME, 64))),
            ("trust", Value::String(trust(scene))),
            ("policy", policy(scene, copies, &arn, &encryption.arn)),
            ("description", Value::String(description)),
            ("tags", scene.tags()),
        ],
    );
    let rule = scene.resource(
        REPLICATION,
        NAME,
        [
            ("bucket", output(&bucket.address, "name")),
            ("role", output(&role.address, "arn")),
            ("destination", Value::from(copies.bucket)),
            ("kms_key", Value::from(copies.key)),
        ],
    );
    vec![role, rule]
}

fn trust(scene: &Scene<'_>) -> String {
    json!({
        "Version": LANGUAGE,
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "Service": "s3.amazonaws.com" },
            "Action": "sts:AssumeRole",
            "Condition": { "StringEquals": { "aws:SourceAccount": scene.account() } },
        }],
    })
    .to_string()
}

fn policy(scene: &Scene<'_>, copies: Copies<'_>, bucket: &Value, key: &Value) -> Value {
    let allow = |actions: &[&str], resource: &str| json!({ "Effect": "Allow", "Action": actions, "Resource": resource });
    let through = |region: &str| json!({ "StringLike": { "kms:ViaService": format!("s3.{region}.{}", partition::domain(region)) } });
    let mut decrypt = allow(&["kms:Decrypt"], "{key}");
    decrypt["Condition"] = through(scene.region());
    let mut encrypt = allow(&["kms:Encrypt"], copies.key);
    encrypt["Condition"] = through(copies.region);
    let policy = json!({
        "Version": LANGUAGE,
        "Statement": [
            allow(&["s3:GetReplicationConfiguration", "s3:ListBucket"], "{bucket}"),
            allow(
                &[
                    "s3:GetObjectVersionAcl",
                    "s3:GetObjectVersionForReplication",
                    "s3:GetObjectVersionTagging",
                ],
                "{bucket}/*",
            ),
            allow(
                &["s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"],
                &format!("{}/*", copies.bucket),
            ),
            decrypt,
            encrypt,
        ],
    });
    filled(&policy, &[("{bucket}", bucket), ("{key}", key)])
}

/// Returns what is wrong with the setting.
pub(super) fn faults(scene: &Scene<'_>, store: &BlobStore) -> Vec<Diagnostic> {
    let arn = format!("arn:{}", scene.partition());
    let example = format!("Write: replicate_to = {{ bucket = \"{arn}:s3:::…\", kms_key = \"{arn}:kms:…\" }}");
    match copies(scene) {
        Ok(None) => Vec::new(),
        Err(what) => vec![wrong(scene, SETTING, &what, &example)],
        Ok(Some(_)) if store.versioning => Vec::new(),
        Ok(Some(_)) => {
            let hint = "Add to the component: versioning = true";
            vec![wrong(
                scene,
                SETTING,
                "Only a bucket that keeps versions is copied",
                hint,
            )]
        }
    }
}

fn copies<'a>(scene: &Scene<'a>) -> Result<Option<Copies<'a>>, String> {
    let Some(setting) = scene.setting(SETTING) else {
        return Ok(None);
    };
    let parts = setting.as_map().ok_or("It is not a map")?;
    if let Some(unknown) = parts.keys().find(|part| !PARTS.contains(&part.as_str())) {
        return Err(format!("It has no part `{unknown}`"));
    }
    let arn = |part: &str, service: &str| {
        let text = parts.get(part).and_then(Value::as_str).unwrap_or_default();
        let is_arn = text.starts_with("arn:") && text.split(':').nth(2) == Some(service);
        is_arn
            .then_some(text)
            .ok_or(format!("`{part}` is not the ARN of `{service}`"))
    };
    let (bucket, key) = (arn("bucket", "s3")?, arn("kms_key", "kms")?);
    let region = key.split(':').nth(3).unwrap_or_default();
    match parts.get("region").and_then(Value::as_str) {
        Some(said) if said != region => Err(format!("The key is in `{region}` and the copies in `{said}`")),
        _ => Ok(Some(Copies { bucket, key, region })),
    }
}
