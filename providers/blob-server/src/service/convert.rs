//! Between the words of the protocol and those of the store.

use hyper::header::{ETAG, HeaderValue};
use hyper::{HeaderMap, StatusCode};
use s3s::dto::{
    CopySource, ETag, ETagCondition, ExpirationStatus, LifecycleExpiration, LifecycleRule,
    LifecycleRuleFilter, NoncurrentVersionExpiration, Timestamp, TimestampFormat,
};
use s3s::header::X_AMZ_DELETE_MARKER;
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

use crate::settings::Policy;
use crate::store::StoreError;
use crate::store::blob_file::Said;
use crate::store::bucket::Condition;
use crate::store::index::Version;

/// Headers that are kept with a blob and come back with it.
const KEPT_HEADERS: [&str; 6] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
];
/// What begins the name of a header with metadata of the application's own.
const METADATA: &str = "x-amz-meta-";
/// What a client puts into `content-encoding` for the way, not for the blob.
const CHUNKED: &str = "aws-chunked";

/// Returns what a client is told of a failure.
pub(super) fn error(error: StoreError) -> S3Error {
    let code = match &error {
        StoreError::Disk(_) | StoreError::Damaged { .. } | StoreError::Short { .. } => {
            S3ErrorCode::InternalError
        }
        StoreError::TooMuchSaid => S3ErrorCode::MetadataTooLarge,
        StoreError::NoSuchKey => S3ErrorCode::NoSuchKey,
        StoreError::NoSuchVersion => S3ErrorCode::NoSuchVersion,
        StoreError::DeleteMarker => S3ErrorCode::MethodNotAllowed,
        StoreError::NoSuchUpload => S3ErrorCode::NoSuchUpload,
        StoreError::Condition => S3ErrorCode::PreconditionFailed,
        StoreError::InvalidPart { .. } => S3ErrorCode::InvalidPart,
        StoreError::PartOrder => S3ErrorCode::InvalidPartOrder,
        StoreError::PartTooSmall { .. } => S3ErrorCode::EntityTooSmall,
    };
    let mut told = S3Error::with_message(code, message(&error));
    if matches!(error, StoreError::DeleteMarker) {
        told.set_headers(marker_header());
    }
    told.set_source(Box::new(error));
    told
}

/// Returns the header by which a client sees that a delete marker is in the way.
pub(super) fn marker_header() -> HeaderMap {
    let headers = [(X_AMZ_DELETE_MARKER, HeaderValue::from_static("true"))];
    headers.into_iter().collect()
}

/// A client is told what the system said and no path of this machine.
fn message(error: &StoreError) -> String {
    match error {
        StoreError::Disk(error) => format!("Cannot {} a file of the store: {}", error.action, error.source),
        StoreError::Damaged { .. } => "A file of the store is damaged".to_owned(),
        StoreError::Short { .. } => "A file of the store ended early".to_owned(),
        other => other.to_string(),
    }
}

/// Returns a refusal, with status 400, by a code that the protocol's own list lacks.
pub(super) fn refusal(code: &'static str, message: String) -> S3Error {
    let code = S3ErrorCode::from_bytes(code.as_bytes()).unwrap_or(S3ErrorCode::InvalidRequest);
    let mut told = S3Error::with_message(code, message);
    told.set_status_code(StatusCode::BAD_REQUEST);
    told
}

/// Does what blocks on a thread that may.
pub(super) async fn blocking<T, F>(work: F) -> S3Result<T>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, StoreError> + Send + 'static,
{
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(S3Error::internal_error)?.map_err(error)
}

/// Returns what the headers of a request say of the blob in it.
pub(super) fn said(headers: &HeaderMap) -> Said {
    let mut said = Said::default();
    for (name, value) in headers {
        let name = name.as_str();
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        if let Some(name) = name.strip_prefix(METADATA) {
            said.metadata.insert(name.to_owned(), value);
        } else if KEPT_HEADERS.contains(&name) {
            said.headers.insert(name.to_owned(), value);
        }
    }
    if let Some(encoding) = said.headers.remove("content-encoding") {
        let own = encoding
            .split(',')
            .map(str::trim)
            .filter(|encoding| *encoding != CHUNKED);
        let own: Vec<&str> = own.collect();
        if !own.is_empty() {
            said.headers.insert("content-encoding".to_owned(), own.join(","));
        }
    }
    said
}

/// Returns the headers that come back with a blob, in the order of the fields of an answer.
pub(super) struct Returned {
    pub(super) cache_control: Option<String>,
    pub(super) content_disposition: Option<String>,
    pub(super) content_encoding: Option<String>,
    pub(super) content_language: Option<String>,
    pub(super) content_type: Option<String>,
    pub(super) expires: Option<Timestamp>,
}

impl Returned {
    pub(super) fn of(said: &Said) -> Self {
        let header = |name| said.headers.get(name).cloned();
        let expires = header("expires");
        Self {
            cache_control: header("cache-control"),
            content_disposition: header("content-disposition"),
            content_encoding: header("content-encoding"),
            content_language: header("content-language"),
            content_type: Some(header("content-type").unwrap_or_else(|| "binary/octet-stream".to_owned())),
            expires: expires.and_then(|text| Timestamp::parse(TimestampFormat::HttpDate, &text).ok()),
        }
    }
}

/// Returns the condition that the headers of a change make.
pub(super) fn condition(
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> S3Result<Condition> {
    let tag = |condition: &ETagCondition| condition.as_etag().map(|tag| tag.value().to_owned());
    match (if_match, if_none_match) {
        (None, None) => Ok(Condition::None),
        (Some(condition), None) => Ok(tag(condition).map_or(Condition::Present, Condition::Tag)),
        (None, Some(condition)) => Ok(tag(condition).map_or(Condition::Absent, Condition::NotTag)),
        (Some(_), Some(_)) => Err(s3_error!(InvalidArgument, "Give one condition, not two")),
    }
}

/// Checks the conditions of a reader; times are compared in whole seconds, as headers have them.
pub(super) fn check_read(
    version: &Version,
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
    times: (Option<&Timestamp>, Option<&Timestamp>),
) -> S3Result<()> {
    let (modified_since, unmodified_since) = times;
    let is = |condition: &ETagCondition| {
        condition.is_any()
            || condition
                .as_etag()
                .is_some_and(|tag| tag.value() == version.description.etag)
    };
    let seconds = version.description.modified_ms / 1000;
    let written = Timestamp::from(std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds));
    if if_match.is_some_and(|condition| !is(condition))
        || (if_match.is_none() && unmodified_since.is_some_and(|since| written > *since))
    {
        return Err(s3_error!(PreconditionFailed, "The condition does not hold"));
    }
    if if_none_match.is_some_and(is)
        || (if_none_match.is_none() && modified_since.is_some_and(|since| written <= *since))
    {
        let mut told = s3_error!(NotModified, "The blob was not changed");
        let tag = HeaderValue::try_from(format!("\"{}\"", version.description.etag));
        told.set_headers(tag.into_iter().map(|tag| (ETAG, tag)).collect());
        return Err(told);
    }
    Ok(())
}

/// Checks the conditions that a copy makes of its source: whichever does not hold, nothing is copied.
pub(super) fn check_copy(
    version: &Version,
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
    times: (Option<&Timestamp>, Option<&Timestamp>),
) -> S3Result<()> {
    check_read(version, if_match, if_none_match, times)
        .map_err(|_| s3_error!(PreconditionFailed, "The condition does not hold"))
}

pub(super) fn etag(text: &str) -> ETag {
    ETag::Strong(text.to_owned())
}

/// Returns the id of a version as clients see it; where versions are not kept they see none.
pub(super) fn version_id(version: &Version) -> Option<String> {
    (!version.is_null()).then(|| version.id.to_string())
}

/// Returns bucket, name and version of what is to be copied.
pub(super) fn copy_source(source: &CopySource) -> S3Result<(&str, &str, Option<&str>)> {
    match source {
        CopySource::Bucket {
            bucket,
            key,
            version_id,
        } => Ok((bucket, key, version_id.as_deref())),
        _ => Err(s3_error!(NotImplemented, "Copy from a bucket")),
    }
}

/// Returns the only rule of a bucket, if anything in it expires.
pub(super) fn lifecycle_rule(policy: &Policy) -> Option<LifecycleRule> {
    if policy.expire_days.is_none() && policy.expire_noncurrent_days.is_none() {
        return None;
    }
    let days = |days: u32| i32::try_from(days).unwrap_or(i32::MAX);
    Some(LifecycleRule {
        abort_incomplete_multipart_upload: None,
        expiration: policy.expire_days.map(|number| LifecycleExpiration {
            days: Some(days(number)),
            ..LifecycleExpiration::default()
        }),
        filter: Some(LifecycleRuleFilter {
            prefix: Some(String::new()),
            ..LifecycleRuleFilter::default()
        }),
        id: Some("stack".to_owned()),
        noncurrent_version_expiration: policy.expire_noncurrent_days.map(|number| {
            NoncurrentVersionExpiration {
                noncurrent_days: Some(days(number)),
                ..NoncurrentVersionExpiration::default()
            }
        }),
        noncurrent_version_transitions: None,
        prefix: None,
        status: ExpirationStatus::from_static(ExpirationStatus::ENABLED),
        transitions: None,
    })
}
