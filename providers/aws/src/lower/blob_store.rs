//! Lowers the component `blob_store`: a bucket, and a user with a key that opens this bucket and no other.

use infra_model::component::blob_store::BlobStore;
use infra_model::diagnostic::Diagnostic;
use infra_model::resource::Desired;
use infra_model::value::{Attributes, Value};
use infra_provider::lowering::{Lowered, output, secret_output};

use super::encryption::{DELETION_WINDOW, ENCRYPTION_KEY, Encryption, key_for};
use super::scene::Scene;
use crate::kinds::iam::access_key::ACCESS_KEY;
use crate::kinds::iam::user::USER;
use crate::kinds::s3::bucket::BUCKET;
use crate::partition;

mod checks;
mod name;
mod policies;
mod replication;
#[cfg(test)]
mod tests;

/// What the block `aws` of a store may set.
const SETTINGS: [&str; 8] = [
    "tags",
    ENCRYPTION_KEY,
    DELETION_WINDOW,
    "name",
    "force_destroy",
    "access_key",
    "abort_uploads_days",
    "replicate_to",
];
/// The name of a component's only bucket, user and key.
const MAIN: &str = "main";
/// Days after which an upload that was begun and never finished is given up, if nothing is said.
const ABORT_UPLOADS_DAYS: i64 = 7;

/// Returns the resources of a store and, as its exports, how to reach it.
#[must_use]
pub fn lower(scene: &Scene<'_>, store: &BlobStore) -> Lowered {
    let mut diagnostics = scene.unknown_settings(&SETTINGS);
    diagnostics.extend(checks::faults(scene, store));
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Lowered {
            diagnostics,
            ..Lowered::default()
        };
    }
    diagnostics.extend(checks::notices(scene, store));
    let encryption = key_for(scene);
    let bucket = bucket(scene, store, &encryption);
    let keys = access(scene, &bucket, &encryption);
    let exports = exports(scene, &bucket, keys.last());
    let copies = replication::resources(scene, &bucket, &encryption);
    let mut resources = encryption.resources;
    resources.push(bucket);
    resources.extend(keys);
    resources.extend(copies);
    Lowered {
        resources,
        exports,
        diagnostics,
    }
}

fn bucket(scene: &Scene<'_>, store: &BlobStore, encryption: &Encryption) -> Desired {
    // What is protected is not deleted with its objects, even if the state were wrong about the rest.
    let may_be_emptied = !scene.component.lifecycle.protect && is_set(scene, "force_destroy", true);
    scene.resource(
        BUCKET,
        MAIN,
        [
            ("name", Value::String(name::of(scene))),
            ("versioning", Value::from(store.versioning)),
            ("encryption_key", encryption.arn.clone()),
            ("bucket_key", Value::from(true)),
            ("public_access_block", Value::from(true)),
            ("policy", policies::tls_only()),
            ("ownership", Value::from("BucketOwnerEnforced")),
            ("lifecycle", lifecycle(scene, store)),
            ("force_destroy", Value::from(may_be_emptied)),
            ("tags", scene.tags()),
        ],
    )
}

/// Returns the one rule that says what expires. Where versions expire, so do the markers of deletions that nothing is left behind;
/// the service removes them by itself where objects expire by age.
fn lifecycle(scene: &Scene<'_>, store: &BlobStore) -> Value {
    let days = |days: Option<u32>| days.map(Value::from);
    let abort = scene.setting("abort_uploads_days").cloned();
    let markers = store.expire_noncurrent_days.is_some() && store.expire_days.is_none();
    let entries = [
        ("expire_days", days(store.expire_days)),
        ("expire_markers", markers.then_some(Value::from(true))),
        ("expire_noncurrent_days", days(store.expire_noncurrent_days)),
        (
            "abort_uploads_days",
            Some(abort.unwrap_or(Value::from(ABORT_UPLOADS_DAYS))),
        ),
    ];
    let rule = entries
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    Value::list([Value::map(rule)])
}

/// Returns the user that may read and write the bucket, and its key; none for those who take roles.
fn access(scene: &Scene<'_>, bucket: &Desired, encryption: &Encryption) -> Vec<Desired> {
    if !is_set(scene, "access_key", true) {
        return Vec::new();
    }
    let user = scene.resource(
        USER,
        MAIN,
        [
            ("name", Value::String(scene.name("blobs", 64))),
            (
                "policy",
                policies::read_and_write(&output(&bucket.address, "arn"), &encryption.arn),
            ),
            ("tags", scene.tags()),
        ],
    );
    let key = scene.resource(
        ACCESS_KEY,
        MAIN,
        [
            ("user", output(&user.address, "name")),
            ("status", Value::from("Active")),
        ],
    );
    vec![user, key]
}

fn exports(scene: &Scene<'_>, bucket: &Desired, key: Option<&Desired>) -> Attributes {
    let region = scene.region();
    let part = |name| key.map_or(Value::Null, |key| secret_output(&key.address, name));
    let exports = [
        ("name", output(&bucket.address, "name")),
        (
            "endpoint",
            Value::String(format!("https://s3.{region}.{}", partition::domain(region))),
        ),
        ("access_key", part("access_key")),
        ("secret_key", part("secret_key")),
    ];
    exports.map(|(name, value)| (name.to_owned(), value)).into()
}

fn is_set(scene: &Scene<'_>, name: &str, default: bool) -> bool {
    scene.setting(name).and_then(Value::as_bool).unwrap_or(default)
}
