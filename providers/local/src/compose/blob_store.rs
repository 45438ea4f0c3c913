//! A store of blobs in containers: MinIO with one bucket, and a key that opens this bucket and nothing else.

use std::fmt::Write as _;

use infra_model::component::Component;
use infra_model::component::blob_store::BlobStore;
use serde_json::json;

use crate::compose::draft::Draft;
use crate::compose::file::{Dependency, HealthCheck, SecretFile, Service};
use crate::compose::network::Place;
use crate::compose::{images, ports, script};
use crate::lower::blob_store::{ACCESS_KEY, SECRET_KEY, bucket_of};

/// The port in a container.
const PORT: u16 = 9000;
const INIT: &str = "/etc/infra/bucket.sh";
const POLICY: &str = "/etc/infra/policy.json";
/// Who makes the bucket and its key. Nothing else is done as this user.
const ROOT: &str = "infra";

/// Adds the server of a component, and the program that makes its bucket.
pub(super) fn add(draft: &mut Draft<'_>, component: &Component, store: &BlobStore) {
    let name = draft.name(component);
    let address = &component.address;
    let root = draft.secret(
        &name,
        "root_password",
        format!("password of MinIO's own user of {address}"),
        SECRET_KEY.length,
    );
    let keys = Keys {
        access: draft.secret(
            &name,
            "access_key",
            format!("id of the key of {address}"),
            ACCESS_KEY.length,
        ),
        secret: draft.secret(
            &name,
            "secret_key",
            format!("key of {address}"),
            SECRET_KEY.length,
        ),
        root,
    };
    let place = Place {
        component: &name,
        segment: store.segment.as_ref(),
        port: PORT,
    };
    let server = Service {
        image: images::MINIO,
        command: ["server", "/data"].map(str::to_owned).into(),
        environment: [
            ("MINIO_BROWSER", "off".to_owned()),
            ("MINIO_ROOT_PASSWORD_FILE", script::secret(&keys.root)),
            ("MINIO_ROOT_USER", ROOT.to_owned()),
        ]
        .into(),
        secrets: SecretFile::all([&keys.root]),
        volumes: vec![draft.volume(&name, "/data")],
        healthcheck: Some(HealthCheck::shell("mc ready local")),
        ..Service::default()
    };
    let port = draft.server(&name, place, Some((component, ports::PORT)), server);
    let bucket = bucket_of(component);
    draft.way(
        &name,
        format!("http://{name}:{PORT}, bucket {bucket}"),
        format!("127.0.0.1:{port}"),
    );
    make_bucket(draft, &name, &bucket, store, &keys);
}

/// The names of the secrets of a store.
struct Keys {
    access: String,
    secret: String,
    root: String,
}

fn make_bucket(draft: &mut Draft<'_>, server: &str, bucket: &str, store: &BlobStore, keys: &Keys) {
    let init = draft.part(server, "init");
    let configs = vec![
        draft.config(&init, INIT, &script(server, bucket, store, keys)),
        draft.config(&init, POLICY, &policy(bucket)),
    ];
    let service = Service {
        image: images::MINIO_CLIENT,
        entrypoint: script::run(INIT),
        configs,
        secrets: SecretFile::all([&keys.root, &keys.access, &keys.secret]),
        networks: draft.home(server, store.segment.as_ref()),
        depends_on: Dependency::healthy([server]),
        ..Service::default()
    };
    draft.once(&init, service);
}

/// Returns the script that makes the bucket and its key. It may run again.
fn script(server: &str, bucket: &str, store: &BlobStore, keys: &Keys) -> String {
    let (root, access) = (script::cat(&keys.root), script::cat(&keys.access));
    let mut text = format!(
        "set -eu\n\
         export MC_HOST_store=\"http://{ROOT}:{root}@{server}:{PORT}\"\n\
         mc mb --ignore-existing store/{bucket}\n"
    );
    if store.versioning {
        let _ = writeln!(text, "mc version enable store/{bucket}");
    }
    let days = [
        ("--expire-days", store.expire_days),
        ("--noncurrent-expire-days", store.expire_noncurrent_days),
    ];
    let rules: Vec<(&str, u32)> = days
        .iter()
        .filter_map(|(flag, days)| Some((*flag, (*days)?)))
        .collect();
    if !rules.is_empty() {
        let _ = writeln!(text, "mc ilm rule rm --all --force store/{bucket} || true");
    }
    for (flag, days) in rules {
        let _ = writeln!(text, "mc ilm rule add {flag} {days} store/{bucket}");
    }
    text + &format!(
        "printf '%s\\n%s\\n' \"{access}\" \"{secret}\" | mc admin user add store\n\
         mc admin policy create store {bucket} {POLICY}\n\
         attached=\"$(mc admin policy entities store --user \"{access}\")\"\n\
         case \"$attached\" in\n\
         *{bucket}*) ;;\n\
         *) mc admin policy attach store {bucket} --user \"{access}\" ;;\n\
         esac\n",
        secret = script::cat(&keys.secret),
    )
}

/// Returns what the key may do: everything with the blobs of its bucket.
fn policy(bucket: &str) -> String {
    let allow = |actions: &[&str], resource: String| json!({ "Effect": "Allow", "Action": actions, "Resource": [resource] });
    let document = json!({
        "Version": "2012-10-17",
        "Statement": [
            allow(
                &["s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads", "s3:GetBucketLocation", "s3:GetBucketVersioning"],
                format!("arn:aws:s3:::{bucket}"),
            ),
            allow(
                &["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
                format!("arn:aws:s3:::{bucket}/*"),
            ),
        ],
    });
    format!("{document:#}\n")
}
