//! Blobs that come in parts.

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CompletedPart, CopyPartResult, CreateMultipartUploadInput,
    CreateMultipartUploadOutput, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListPartsInput,
    ListPartsOutput, MultipartUpload, Part, Range, UploadPartCopyInput, UploadPartCopyOutput,
    UploadPartInput, UploadPartOutput,
};
use s3s::{S3Request, S3Result, s3_error};

use super::convert::{blocking, condition, error, etag, said, version_id};
use super::objects::{Source, commit, duplicate, within};
use super::receive::{Incoming, Received, receive};
use super::{Answer, answer};
use crate::keys::Served;
use crate::store::blob_file::{Closing, Finished};
use crate::store::upload::{self, Upload};

/// The highest number of a part.
const PART_MAX: u32 = 10_000;
/// How many entries a page may have.
const PAGE_MAX: i32 = 1000;

pub(super) async fn begin(
    served: &Served,
    request: S3Request<CreateMultipartUploadInput>,
) -> Answer<CreateMultipartUploadOutput> {
    let said = said(&request.headers);
    let begun = upload::begin(&served.bucket, &request.input.key, said).await;
    answer(CreateMultipartUploadOutput {
        bucket: Some(request.input.bucket),
        key: Some(request.input.key),
        upload_id: Some(begun.map_err(error)?),
        ..CreateMultipartUploadOutput::default()
    })
}

pub(super) async fn upload(served: &Served, request: S3Request<UploadPartInput>) -> Answer<UploadPartOutput> {
    let input = request.input;
    let number = number(input.part_number)?;
    let upload = upload::find(&served.bucket, &input.key, &input.upload_id).map_err(error)?;
    let incoming = Incoming {
        headers: &request.headers,
        body: input.body,
        trailers: request.trailing_headers.as_ref(),
    };
    let Received { draft, checksums } = receive(&served.bucket, incoming).await?;
    let sum = |name| checksums.get(name).cloned();
    let mut output = UploadPartOutput {
        checksum_crc32: sum("crc32"),
        checksum_crc32c: sum("crc32c"),
        checksum_crc64nvme: sum("crc64nvme"),
        checksum_sha1: sum("sha1"),
        checksum_sha256: sum("sha256"),
        ..UploadPartOutput::default()
    };
    let closing = Closing {
        key: input.key,
        checksums,
        ..Closing::default()
    };
    let finished = draft.finish(closing).await.map_err(error)?;
    output.e_tag = Some(etag(&finished.description.etag));
    store(served, upload, number, finished).await?;
    answer(output)
}

pub(super) async fn upload_copy(
    from: &Served,
    (key, id): Source<'_>,
    to: &Served,
    input: &UploadPartCopyInput,
) -> Answer<UploadPartCopyOutput> {
    let number = number(input.part_number)?;
    let upload = upload::find(&to.bucket, &input.key, &input.upload_id).map_err(error)?;
    let (version, file) = from.bucket.read(key, id).map_err(error)?;
    let size = version.description.size;
    let bytes = match &input.copy_source_range {
        None => 0..size,
        Some(text) => {
            let range =
                Range::parse(text).map_err(|_| s3_error!(InvalidArgument, "The range is not understood"))?;
            within(&range, size)?
        }
    };
    let closing = Closing {
        key: input.key.clone(),
        ..Closing::default()
    };
    let finished = duplicate(&to.bucket, file, bytes, closing).await?;
    let description = finished.description.clone();
    store(to, upload, number, finished).await?;
    answer(UploadPartCopyOutput {
        copy_part_result: Some(CopyPartResult {
            e_tag: Some(etag(&description.etag)),
            last_modified: Some(description.modified().into()),
            ..CopyPartResult::default()
        }),
        copy_source_version_id: version_id(&version),
        ..UploadPartCopyOutput::default()
    })
}

pub(super) async fn complete(
    served: &Served,
    input: CompleteMultipartUploadInput,
) -> Answer<CompleteMultipartUploadOutput> {
    let condition = condition(input.if_match.as_ref(), input.if_none_match.as_ref())?;
    let upload = upload::find(&served.bucket, &input.key, &input.upload_id).map_err(error)?;
    let parts = input
        .multipart_upload
        .and_then(|upload| upload.parts)
        .unwrap_or_default();
    if parts.is_empty() {
        return Err(s3_error!(MalformedXML, "Name at least one part"));
    }
    let wanted: Vec<(u32, String)> = parts.into_iter().map(named).collect::<S3Result<_>>()?;
    let finished = upload::join(&served.bucket, &upload, &wanted)
        .await
        .map_err(error)?;
    let version = commit(served, finished, condition).await?;
    let bucket = served.bucket.clone();
    blocking(move || upload::remove(&bucket, &upload)).await?;
    answer(CompleteMultipartUploadOutput {
        location: Some(format!("/{}/{}", input.bucket, input.key)),
        bucket: Some(input.bucket),
        key: Some(input.key),
        e_tag: Some(etag(&version.description.etag)),
        version_id: version_id(&version),
        ..CompleteMultipartUploadOutput::default()
    })
}

pub(super) fn abort(
    served: &Served,
    input: &AbortMultipartUploadInput,
) -> Answer<AbortMultipartUploadOutput> {
    let upload = upload::find(&served.bucket, &input.key, &input.upload_id).map_err(error)?;
    upload::remove(&served.bucket, &upload).map_err(error)?;
    answer(AbortMultipartUploadOutput::default())
}

pub(super) fn list(served: &Served, input: ListPartsInput) -> Answer<ListPartsOutput> {
    let upload = upload::find(&served.bucket, &input.key, &input.upload_id).map_err(error)?;
    let marker = input.part_number_marker.unwrap_or_default();
    let max = input.max_parts.unwrap_or(PAGE_MAX).clamp(0, PAGE_MAX);
    let mut parts = upload::parts(&served.bucket, &upload).map_err(error)?;
    parts.retain(|part| i64::from(part.number) > i64::from(marker));
    let is_truncated = parts.len() > max as usize;
    parts.truncate(max as usize);
    let told = parts.iter().map(|part| Part {
        part_number: i32::try_from(part.number).ok(),
        e_tag: Some(etag(&part.description.etag)),
        size: i64::try_from(part.description.size).ok(),
        last_modified: Some(part.description.modified().into()),
        ..Part::default()
    });
    let told: Vec<Part> = told.collect();
    answer(ListPartsOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        part_number_marker: Some(marker),
        next_part_number_marker: told
            .last()
            .and_then(|part| part.part_number)
            .filter(|_| is_truncated),
        max_parts: Some(max),
        is_truncated: Some(is_truncated),
        parts: Some(told),
        ..ListPartsOutput::default()
    })
}

pub(super) fn uploads(
    served: &Served,
    input: ListMultipartUploadsInput,
) -> Answer<ListMultipartUploadsOutput> {
    let prefix = input.prefix.clone().unwrap_or_default();
    let max = input.max_uploads.unwrap_or(PAGE_MAX).clamp(0, PAGE_MAX);
    let mut found = upload::list(&served.bucket).map_err(error)?;
    let is_after = |upload: &Upload| {
        let (Some(key), id) = (input.key_marker.as_deref(), input.upload_id_marker.as_deref()) else {
            return true;
        };
        (upload.head.key.as_str(), Some(upload.id.as_str())) > (key, id.or(Some("\u{7f}")))
    };
    found.retain(|upload| upload.head.key.starts_with(&prefix) && is_after(upload));
    let is_truncated = found.len() > max as usize;
    found.truncate(max as usize);
    let last = found.last().filter(|_| is_truncated).cloned();
    let told = found.into_iter().map(|upload| MultipartUpload {
        initiated: Some(upload.head.modified().into()),
        key: Some(upload.head.key),
        upload_id: Some(upload.id),
        ..MultipartUpload::default()
    });
    answer(ListMultipartUploadsOutput {
        uploads: Some(told.collect()),
        bucket: Some(input.bucket),
        prefix: input.prefix,
        key_marker: input.key_marker,
        upload_id_marker: input.upload_id_marker,
        max_uploads: Some(max),
        is_truncated: Some(is_truncated),
        next_key_marker: last.as_ref().map(|last| last.head.key.clone()),
        next_upload_id_marker: last.map(|last| last.id),
        ..ListMultipartUploadsOutput::default()
    })
}

async fn store(served: &Served, upload: Upload, number: u32, part: Finished) -> S3Result<()> {
    let bucket = served.bucket.clone();
    blocking(move || upload::store_part(&bucket, &upload, number, part).map(drop)).await
}

fn named(part: CompletedPart) -> S3Result<(u32, String)> {
    let etag = part.e_tag.map(s3s::dto::ETag::into_value).unwrap_or_default();
    Ok((number(part.part_number.unwrap_or_default())?, etag))
}

fn number(given: i32) -> S3Result<u32> {
    let number = u32::try_from(given)
        .ok()
        .filter(|number| (1..=PART_MAX).contains(number));
    number.ok_or_else(|| s3_error!(InvalidArgument, "Parts have numbers from 1 to {PART_MAX}"))
}
