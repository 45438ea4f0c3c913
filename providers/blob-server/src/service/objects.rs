//! Blobs one at a time: stored, read in whole or in part, and copied.

use std::fs::File;
use std::ops;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use futures::stream::try_unfold;
use hyper::body::Bytes;
use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, GetObjectInput, GetObjectOutput, HeadObjectInput,
    HeadObjectOutput, MetadataDirective, PutObjectInput, PutObjectOutput, Range, StreamingBlob,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result, s3_error};

use super::convert::{
    Returned, blocking, check_copy, check_read, condition, error, etag, marker_header, said, version_id,
};
use super::receive::{Incoming, Received, receive};
use super::{Answer, answer};
use crate::keys::Served;
use crate::store::blob_file::{Closing, Finished};
use crate::store::bucket::{Bucket, Condition};
use crate::store::index::Version;

/// How much of a blob is read at once.
const CHUNK_BYTES: u64 = 256 << 10;

/// Name and version of what is to be copied.
pub(super) type Source<'a> = (&'a str, Option<&'a str>);

pub(super) async fn put(served: &Served, request: S3Request<PutObjectInput>) -> Answer<PutObjectOutput> {
    let input = request.input;
    let condition = condition(input.if_match.as_ref(), input.if_none_match.as_ref())?;
    let incoming = Incoming {
        headers: &request.headers,
        body: input.body,
        trailers: request.trailing_headers.as_ref(),
    };
    let Received { draft, checksums } = receive(&served.bucket, incoming).await?;
    let closing = Closing {
        key: input.key,
        said: said(&request.headers),
        checksums,
        etag: None,
    };
    let finished = draft.finish(closing).await.map_err(error)?;
    let version = commit(served, finished, condition).await?;
    let sum = |name| version.description.checksums.get(name).cloned();
    answer(PutObjectOutput {
        e_tag: Some(etag(&version.description.etag)),
        version_id: version_id(&version),
        checksum_crc32: sum("crc32"),
        checksum_crc32c: sum("crc32c"),
        checksum_crc64nvme: sum("crc64nvme"),
        checksum_sha1: sum("sha1"),
        checksum_sha256: sum("sha256"),
        ..PutObjectOutput::default()
    })
}

/// Stores a file; when this returns, it is durable.
pub(super) async fn commit(served: &Served, finished: Finished, condition: Condition) -> S3Result<Version> {
    let (bucket, keep) = (served.bucket.clone(), served.keep());
    blocking(move || bucket.commit(finished, &condition, keep)).await
}

pub(super) async fn get(served: &Served, request: S3Request<GetObjectInput>) -> Answer<GetObjectOutput> {
    let input = request.input;
    let (bucket, key, id) = (served.bucket.clone(), input.key, input.version_id);
    let (own, name) = (served.bucket.clone(), key.clone());
    let found = blocking(move || bucket.read(&key, id.as_deref())).await;
    let (version, file) = found.map_err(|error| marked(error, &own, &name))?;
    let times = (
        input.if_modified_since.as_ref(),
        input.if_unmodified_since.as_ref(),
    );
    check_read(
        &version,
        input.if_match.as_ref(),
        input.if_none_match.as_ref(),
        times,
    )?;
    check_part(&version, input.part_number)?;
    let size = version.description.size;
    let range = input.range.map(|range| within(&range, size)).transpose()?;
    let bytes = range.clone().unwrap_or(0..size);
    let headers = Returned::of(&version.description.said);
    let asked = input.checksum_mode.is_some() && range.is_none();
    let sum = |name| version.description.checksums.get(name).filter(|_| asked).cloned();
    answer(GetObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        content_length: Some(signed(bytes.end - bytes.start)),
        content_range: range.map(|range| content_range(&range, size)),
        body: Some(body(file, bytes)),
        e_tag: Some(etag(&version.description.etag)),
        last_modified: Some(version.description.modified().into()),
        metadata: Some(version.description.said.metadata.clone().into_iter().collect()),
        version_id: version_id(&version),
        cache_control: headers.cache_control,
        content_disposition: headers.content_disposition,
        content_encoding: headers.content_encoding,
        content_language: headers.content_language,
        content_type: headers.content_type,
        expires: headers.expires,
        checksum_crc32: sum("crc32"),
        checksum_crc32c: sum("crc32c"),
        checksum_crc64nvme: sum("crc64nvme"),
        checksum_sha1: sum("sha1"),
        checksum_sha256: sum("sha256"),
        ..GetObjectOutput::default()
    })
}

pub(super) fn head(served: &Served, input: &HeadObjectInput) -> Answer<HeadObjectOutput> {
    let version = served
        .bucket
        .find(&input.key, input.version_id.as_deref())
        .map_err(|found| marked(error(found), &served.bucket, &input.key))?;
    let times = (
        input.if_modified_since.as_ref(),
        input.if_unmodified_since.as_ref(),
    );
    check_read(
        &version,
        input.if_match.as_ref(),
        input.if_none_match.as_ref(),
        times,
    )?;
    check_part(&version, input.part_number)?;
    let size = version.description.size;
    let range = input
        .range
        .as_ref()
        .map(|range| within(range, size))
        .transpose()?;
    let bytes = range.clone().unwrap_or(0..size);
    let headers = Returned::of(&version.description.said);
    let asked = input.checksum_mode.is_some() && range.is_none();
    let sum = |name| version.description.checksums.get(name).filter(|_| asked).cloned();
    answer(HeadObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        content_length: Some(signed(bytes.end - bytes.start)),
        content_range: range.map(|range| content_range(&range, size)),
        e_tag: Some(etag(&version.description.etag)),
        last_modified: Some(version.description.modified().into()),
        metadata: Some(version.description.said.metadata.clone().into_iter().collect()),
        version_id: version_id(&version),
        cache_control: headers.cache_control,
        content_disposition: headers.content_disposition,
        content_encoding: headers.content_encoding,
        content_language: headers.content_language,
        content_type: headers.content_type,
        expires: headers.expires,
        checksum_crc32: sum("crc32"),
        checksum_crc32c: sum("crc32c"),
        checksum_crc64nvme: sum("crc64nvme"),
        checksum_sha1: sum("sha1"),
        checksum_sha256: sum("sha256"),
        ..HeadObjectOutput::default()
    })
}

pub(super) async fn copy(
    from: &Served,
    (key, id): Source<'_>,
    to: &Served,
    request: &S3Request<CopyObjectInput>,
) -> Answer<CopyObjectOutput> {
    let input = &request.input;
    let (version, file) = open(from, (key, id)).await?;
    let times = (
        input.copy_source_if_modified_since.as_ref(),
        input.copy_source_if_unmodified_since.as_ref(),
    );
    let (matches, differs) = (&input.copy_source_if_match, &input.copy_source_if_none_match);
    check_copy(&version, matches.as_ref(), differs.as_ref(), times)?;
    let replaces = input.metadata_directive.as_ref().map(MetadataDirective::as_str);
    let said = match replaces {
        Some(MetadataDirective::REPLACE) => said(&request.headers),
        _ => version.description.said.clone(),
    };
    let closing = Closing {
        key: input.key.clone(),
        said,
        checksums: version.description.checksums.clone(),
        etag: None,
    };
    let finished = duplicate(&to.bucket, file, 0..version.description.size, closing).await?;
    let made = commit(to, finished, Condition::None).await?;
    answer(CopyObjectOutput {
        copy_object_result: Some(CopyObjectResult {
            e_tag: Some(etag(&made.description.etag)),
            last_modified: Some(made.description.modified().into()),
            ..CopyObjectResult::default()
        }),
        copy_source_version_id: version_id(&version),
        version_id: version_id(&made),
        ..CopyObjectOutput::default()
    })
}

/// Opens what is to be copied.
pub(super) async fn open(from: &Served, (key, id): Source<'_>) -> S3Result<(Version, File)> {
    let (bucket, key, id) = (from.bucket.clone(), key.to_owned(), id.map(str::to_owned));
    blocking(move || bucket.read(&key, id.as_deref())).await
}

/// Writes part of one file as another.
pub(super) async fn duplicate(
    bucket: &Bucket,
    file: File,
    bytes: ops::Range<u64>,
    closing: Closing,
) -> S3Result<Finished> {
    let mut draft = bucket.draft().await.map_err(error)?;
    let mut body = std::pin::pin!(chunks(file, bytes));
    while let Some(chunk) = futures::StreamExt::next(&mut body).await {
        let chunk = chunk.map_err(s3s::S3Error::internal_error)?;
        draft.write(&chunk).await.map_err(error)?;
    }
    draft.finish(closing).await.map_err(error)
}

/// Returns the bytes that a range means in a blob of this size.
pub(super) fn within(range: &Range, size: u64) -> S3Result<ops::Range<u64>> {
    // The last bytes of an empty blob are none, and a part of none is not one.
    let checked = range.check(size).ok().filter(|bytes| !bytes.is_empty());
    checked.ok_or_else(|| s3_error!(InvalidRange, "The blob has {size} bytes"))
}

/// A reader who finds nothing is told when that is so because of a delete marker.
fn marked(mut told: S3Error, bucket: &Bucket, key: &str) -> S3Error {
    if *told.code() == S3ErrorCode::NoSuchKey && bucket.is_marked(key) {
        told.set_headers(marker_header());
    }
    told
}

/// Parts are not remembered once they are joined, so only the first of a blob that came as a whole can be asked for by number.
fn check_part(version: &Version, number: Option<i32>) -> S3Result<()> {
    match number {
        None => Ok(()),
        Some(1) if !version.description.etag.contains('-') => Ok(()),
        Some(_) => Err(s3_error!(
            NotImplemented,
            "Ask for a range instead of a part's number"
        )),
    }
}

fn content_range(bytes: &ops::Range<u64>, size: u64) -> String {
    format!("bytes {}-{}/{size}", bytes.start, bytes.end - 1)
}

fn body(file: File, bytes: ops::Range<u64>) -> StreamingBlob {
    StreamingBlob::wrap(chunks(file, bytes))
}

/// Reads part of a file, piece by piece.
fn chunks(
    file: File,
    bytes: ops::Range<u64>,
) -> impl futures::Stream<Item = std::io::Result<Bytes>> + Send + Sync {
    try_unfold((Arc::new(file), bytes), |(file, bytes)| async move {
        if bytes.is_empty() {
            return Ok(None);
        }
        let end = bytes.end.min(bytes.start + CHUNK_BYTES);
        let (own, wanted) = (file.clone(), bytes.start..end);
        let read = tokio::task::spawn_blocking(move || read_at(&own, &wanted));
        let chunk = read.await.map_err(std::io::Error::other)??;
        Ok(Some((chunk, (file, end..bytes.end))))
    })
}

fn read_at(file: &File, bytes: &ops::Range<u64>) -> std::io::Result<Bytes> {
    let mut chunk = vec![0; (bytes.end - bytes.start) as usize];
    file.read_exact_at(&mut chunk, bytes.start)?;
    Ok(chunk.into())
}

fn signed(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
