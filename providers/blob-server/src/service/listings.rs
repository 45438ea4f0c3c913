//! Lists of blobs and of versions, a page at a time.

use data_encoding::BASE64URL_NOPAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::{
    CommonPrefix, DeleteMarkerEntry, EncodingType, ListObjectVersionsInput, ListObjectVersionsOutput,
    ListObjectsInput, ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output, Object, ObjectStorageClass,
    ObjectVersion, ObjectVersionStorageClass,
};
use s3s::{S3Result, s3_error};

use super::convert::etag;
use crate::keys::Served;
use crate::store::index::{ListRequest, Page, Version};

/// How many entries a page may have.
const PAGE_MAX: i32 = 1000;
/// What stays as it is in a name that is encoded for XML.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/');

/// Answers `ListObjectsV2`.
pub(super) fn new(served: &Served, input: ListObjectsV2Input) -> S3Result<ListObjectsV2Output> {
    let token = input.continuation_token.as_deref().map(read_token).transpose()?;
    let after = token.or_else(|| input.start_after.clone()).unwrap_or_default();
    let request = request(
        input.prefix.as_deref(),
        input.delimiter.as_deref(),
        after,
        input.max_keys,
    );
    let page = served.bucket.list(&request);
    let encoder = Encoder::of(input.encoding_type.as_ref());
    let (contents, common_prefixes) = (objects(&page, encoder), prefixes(&page, encoder));
    Ok(ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: Some(encoder.text(&request.prefix)),
        max_keys: Some(request.max as i32),
        key_count: Some((contents.len() + common_prefixes.len()) as i32),
        continuation_token: input.continuation_token,
        is_truncated: Some(page.next.is_some()),
        next_continuation_token: page.next.as_deref().map(write_token),
        contents: Some(contents),
        common_prefixes: Some(common_prefixes),
        delimiter: input.delimiter.map(|delimiter| encoder.text(&delimiter)),
        encoding_type: input.encoding_type,
        start_after: input.start_after.map(|after| encoder.text(&after)),
        request_charged: None,
    })
}

/// Answers `ListObjects`, the first form of it.
pub(super) fn old(served: &Served, input: ListObjectsInput) -> ListObjectsOutput {
    let after = input.marker.clone().unwrap_or_default();
    let request = request(
        input.prefix.as_deref(),
        input.delimiter.as_deref(),
        after,
        input.max_keys,
    );
    let page = served.bucket.list(&request);
    let encoder = Encoder::of(input.encoding_type.as_ref());
    ListObjectsOutput {
        name: Some(input.bucket),
        prefix: Some(encoder.text(&request.prefix)),
        marker: input.marker.map(|marker| encoder.text(&marker)),
        max_keys: Some(request.max as i32),
        is_truncated: Some(page.next.is_some()),
        contents: Some(objects(&page, encoder)),
        common_prefixes: Some(prefixes(&page, encoder)),
        delimiter: input.delimiter.map(|delimiter| encoder.text(&delimiter)),
        next_marker: page.next.map(|next| encoder.text(&next)),
        encoding_type: input.encoding_type,
        request_charged: None,
    }
}

/// Answers `ListObjectVersions`.
pub(super) fn versions(served: &Served, input: ListObjectVersionsInput) -> ListObjectVersionsOutput {
    let after = input.key_marker.clone().unwrap_or_default();
    let request = ListRequest {
        after_version: input.version_id_marker.clone().filter(|id| !id.is_empty()),
        ..request(
            input.prefix.as_deref(),
            input.delimiter.as_deref(),
            after,
            input.max_keys,
        )
    };
    let page = served.bucket.list_versions(&request);
    let encoder = Encoder::of(input.encoding_type.as_ref());
    let (mut kept, mut markers) = (Vec::new(), Vec::new());
    for (version, is_latest) in &page.versions {
        match version.description.is_marker {
            true => markers.push(marker_entry(version, *is_latest, encoder)),
            false => kept.push(version_entry(version, *is_latest, encoder)),
        }
    }
    ListObjectVersionsOutput {
        common_prefixes: Some(prefixes(&page, encoder)),
        delete_markers: Some(markers),
        delimiter: input.delimiter.map(|delimiter| encoder.text(&delimiter)),
        encoding_type: input.encoding_type,
        is_truncated: Some(page.next.is_some()),
        key_marker: input.key_marker.map(|marker| encoder.text(&marker)),
        max_keys: Some(request.max as i32),
        name: Some(input.bucket),
        next_key_marker: page.next.map(|next| encoder.text(&next)),
        next_version_id_marker: page.next_version,
        prefix: Some(encoder.text(&request.prefix)),
        version_id_marker: input.version_id_marker,
        versions: Some(kept),
        ..ListObjectVersionsOutput::default()
    }
}

fn request(prefix: Option<&str>, delimiter: Option<&str>, after: String, max: Option<i32>) -> ListRequest {
    ListRequest {
        prefix: prefix.unwrap_or_default().to_owned(),
        delimiter: delimiter.unwrap_or_default().to_owned(),
        after,
        after_version: None,
        max: max.unwrap_or(PAGE_MAX).clamp(0, PAGE_MAX) as usize,
    }
}

fn objects(page: &Page, encoder: Encoder) -> Vec<Object> {
    let objects = page.versions.iter().map(|(version, _)| Object {
        key: Some(encoder.text(&version.description.key)),
        size: i64::try_from(version.description.size).ok(),
        e_tag: Some(etag(&version.description.etag)),
        last_modified: Some(version.description.modified().into()),
        storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
        ..Object::default()
    });
    objects.collect()
}

fn version_entry(version: &Version, is_latest: bool, encoder: Encoder) -> ObjectVersion {
    ObjectVersion {
        e_tag: Some(etag(&version.description.etag)),
        is_latest: Some(is_latest),
        key: Some(encoder.text(&version.description.key)),
        last_modified: Some(version.description.modified().into()),
        size: i64::try_from(version.description.size).ok(),
        storage_class: Some(ObjectVersionStorageClass::from_static(
            ObjectVersionStorageClass::STANDARD,
        )),
        version_id: Some(version.id.to_string()),
        ..ObjectVersion::default()
    }
}

fn marker_entry(version: &Version, is_latest: bool, encoder: Encoder) -> DeleteMarkerEntry {
    DeleteMarkerEntry {
        is_latest: Some(is_latest),
        key: Some(encoder.text(&version.description.key)),
        last_modified: Some(version.description.modified().into()),
        owner: None,
        version_id: Some(version.id.to_string()),
    }
}

fn prefixes(page: &Page, encoder: Encoder) -> Vec<CommonPrefix> {
    let prefixes = page.prefixes.iter().map(|prefix| CommonPrefix {
        prefix: Some(encoder.text(prefix)),
    });
    prefixes.collect()
}

/// A token is a name, written so that it survives any header or URL.
fn write_token(name: &str) -> String {
    BASE64URL_NOPAD.encode(name.as_bytes())
}

fn read_token(token: &str) -> S3Result<String> {
    let name = BASE64URL_NOPAD.decode(token.as_bytes()).ok();
    let name = name.and_then(|name| String::from_utf8(name).ok());
    name.ok_or_else(|| {
        s3_error!(
            InvalidArgument,
            "The continuation token is not one of this server"
        )
    })
}

/// How names are written into an answer: XML cannot hold every character that a name may have.
#[derive(Clone, Copy)]
pub(super) enum Encoder {
    Plain,
    Url,
}

impl Encoder {
    pub(super) fn of(asked: Option<&EncodingType>) -> Self {
        match asked.map(EncodingType::as_str) {
            Some(EncodingType::URL) => Self::Url,
            _ => Self::Plain,
        }
    }

    pub(super) fn text(self, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Url => utf8_percent_encode(text, ENCODED).to_string(),
        }
    }
}
