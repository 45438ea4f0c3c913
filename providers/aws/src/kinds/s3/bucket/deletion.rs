//! Deleting a bucket, which the service does only once nothing is in it: no object, no version, no marker of a deletion.

use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use infra_model::value::Attributes;
use infra_provider::error::{ErrorKind, ProviderError};

use super::Place;
use crate::failure::{failed, gone, rejected, seen};
use crate::kinds::inputs::{flag, malformed};

const LIST: &str = "s3.ListBucketVersions";
const EMPTY: &str = "s3.DeleteObjectVersion";
/// Pages of a thousand that are counted before "more than" is good enough.
const PAGES_COUNTED: usize = 10;

/// Deletes a bucket, and what is in it if that is allowed.
pub(super) async fn delete(place: &Place, name: &str, inputs: &Attributes) -> Result<(), ProviderError> {
    let error = match delete_empty(place, name).await {
        Err(error) if error.code.as_deref() == Some("BucketNotEmpty") => error,
        ended => return ended,
    };
    if flag(inputs, "force_destroy") != Some(true) {
        return Err(refusal(error, name, &count(place, name).await?));
    }
    empty(place, name).await?;
    // Who writes meanwhile gets the refusal of a busy bucket, and the whole is tried again.
    delete_empty(place, name).await
}

async fn delete_empty(place: &Place, name: &str) -> Result<(), ProviderError> {
    let call = place.clients.s3().delete_bucket().bucket(name).send();
    gone("s3.DeleteBucket", call.await)
}

fn refusal(error: ProviderError, name: &str, count: &str) -> ProviderError {
    ProviderError {
        kind: ErrorKind::Invalid,
        message: format!("The bucket `{name}` has {count} in it, and it may not be deleted with them"),
        ..error
    }
    .hint("Empty it, or apply aws { force_destroy = true } (and protect = false) in the component first, then delete it")
}

/// Says how many objects, versions and markers of deletions a bucket has.
async fn count(place: &Place, name: &str) -> Result<String, ProviderError> {
    let (mut key, mut version) = (None, None);
    let mut count = 0;
    for _ in 0..PAGES_COUNTED {
        let call = place.clients.s3().list_object_versions().bucket(name);
        let page = call.set_key_marker(key).set_version_id_marker(version).send();
        let page = page.await.map_err(|error| rejected(LIST, error))?;
        count += page.versions().len() + page.delete_markers().len();
        if page.is_truncated != Some(true) {
            return Ok(format!("{count} objects and versions"));
        }
        (key, version) = (page.next_key_marker, page.next_version_id_marker);
    }
    Ok(format!("more than {count} objects and versions"))
}

async fn empty(place: &Place, name: &str) -> Result<(), ProviderError> {
    let s3 = place.clients.s3();
    loop {
        // What was listed is gone by the next look, so each look begins at the beginning.
        let page = seen(LIST, s3.list_object_versions().bucket(name).send().await)?;
        let objects = page.map(identifiers).transpose()?.unwrap_or_default();
        if objects.is_empty() {
            return Ok(());
        }
        let all = Delete::builder().set_objects(Some(objects)).quiet(true);
        let all = all.build().map_err(|_| malformed("objects"))?;
        let call = s3.delete_objects().bucket(name).delete(all).send();
        let answer = call.await.map_err(|error| failed(EMPTY, error))?;
        if let Some(first) = answer.errors().first() {
            return Err(kept(first));
        }
    }
}

fn identifiers(page: ListObjectVersionsOutput) -> Result<Vec<ObjectIdentifier>, ProviderError> {
    let versions = page.versions.unwrap_or_default();
    let markers = page.delete_markers.unwrap_or_default();
    let named = versions
        .into_iter()
        .map(|one| (one.key, one.version_id))
        .chain(markers.into_iter().map(|one| (one.key, one.version_id)));
    named
        .map(|(key, version)| {
            ObjectIdentifier::builder()
                .key(key.unwrap_or_default())
                .set_version_id(version)
                .build()
                .map_err(|_| malformed("objects"))
        })
        .collect()
}

/// Returns the error of an object that could not be deleted, such as one under a legal hold.
fn kept(error: &aws_sdk_s3::types::Error) -> ProviderError {
    let code = error.code().unwrap_or_default();
    let kind = match code {
        "AccessDenied" => ErrorKind::Denied,
        "InternalError" | "SlowDown" | "ServiceUnavailable" => ErrorKind::Unavailable,
        _ => ErrorKind::Invalid,
    };
    let message = format!(
        "The object `{}` is not deleted: {}",
        error.key().unwrap_or_default(),
        error.message().unwrap_or_default()
    );
    ProviderError {
        code: Some(code.to_owned()),
        ..ProviderError::unknown(kind, EMPTY, message)
    }
}
