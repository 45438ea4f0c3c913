//! Blobs and versions that go, one or many at a time.

use s3s::dto::{
    DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, Error,
};
use s3s::{S3Result, s3_error};

use super::convert::{blocking, condition};
use super::{Answer, answer};
use crate::keys::Served;
use crate::store::bucket::{Condition, Deleted};
use crate::store::index::NULL;

/// How many blobs one request may name.
const MANY_MAX: usize = 1000;
/// How long a name may be, as on S3.
const KEY_BYTES_MAX: usize = 1024;

pub(super) async fn one(served: &Served, input: DeleteObjectInput) -> Answer<DeleteObjectOutput> {
    let condition = condition(input.if_match.as_ref(), None)?;
    let deleted = delete(served, input.key, input.version_id, condition).await?;
    answer(match deleted {
        Deleted::Gone => DeleteObjectOutput::default(),
        Deleted::Version(id, was_marker) => DeleteObjectOutput {
            delete_marker: was_marker.then_some(true),
            version_id: Some(id.to_string()),
            ..DeleteObjectOutput::default()
        },
        Deleted::Marked(id) => DeleteObjectOutput {
            delete_marker: Some(true),
            version_id: (&*id != NULL).then(|| id.to_string()),
            ..DeleteObjectOutput::default()
        },
    })
}

pub(super) async fn many(served: &Served, input: DeleteObjectsInput) -> Answer<DeleteObjectsOutput> {
    let objects = input.delete.objects;
    if objects.len() > MANY_MAX {
        return Err(s3_error!(MalformedXML, "Name {MANY_MAX} blobs at most"));
    }
    let (mut gone, mut failed) = (Vec::new(), Vec::new());
    for object in objects {
        let (key, id) = (object.key, object.version_id);
        let condition = object
            .e_tag
            .map_or(Condition::None, |tag| Condition::Tag(tag.into_value()));
        let has_more = object.size.is_some() || object.last_modified_time.is_some();
        let deleted = match check_key(&key) {
            Ok(()) if has_more => Err(s3_error!(NotImplemented, "Give no size and no time of a blob")),
            Ok(()) => delete(served, key.clone(), id.clone(), condition).await,
            Err(error) => Err(error),
        };
        match deleted {
            Ok(deleted) => gone.push(told(key, id, &deleted)),
            Err(error) => failed.push(Error {
                code: Some(error.code().as_str().to_owned()),
                key: Some(key),
                message: error.message().map(str::to_owned),
                version_id: id,
            }),
        }
    }
    if input.delete.quiet == Some(true) {
        gone.clear();
    }
    answer(DeleteObjectsOutput {
        deleted: Some(gone),
        errors: Some(failed),
        ..DeleteObjectsOutput::default()
    })
}

/// A name in the body of a request was not looked at by whoever took the request apart.
fn check_key(key: &str) -> S3Result<()> {
    match key.len() {
        0 => Err(s3_error!(UserKeyMustBeSpecified, "A blob has a name")),
        1..=KEY_BYTES_MAX => Ok(()),
        _ => Err(s3_error!(
            KeyTooLongError,
            "A name has {KEY_BYTES_MAX} bytes at most"
        )),
    }
}

fn told(key: String, id: Option<String>, deleted: &Deleted) -> DeletedObject {
    let marker = match deleted {
        Deleted::Gone | Deleted::Version(_, false) => None,
        Deleted::Version(id, true) | Deleted::Marked(id) => Some(id.to_string()),
    };
    DeletedObject {
        delete_marker: marker.is_some().then_some(true),
        delete_marker_version_id: marker,
        key: Some(key),
        version_id: id,
    }
}

async fn delete(served: &Served, key: String, id: Option<String>, condition: Condition) -> S3Result<Deleted> {
    let (bucket, keep) = (served.bucket.clone(), served.keep());
    blocking(move || bucket.delete(&key, id.as_deref(), &condition, keep)).await
}
