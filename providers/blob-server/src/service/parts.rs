//! Blobs that come in parts.

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CompletedPart, CopyPartResult, CreateMultipartUploadInput,
    CreateMultipartUploadOutput, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListPartsInput,
    ListPartsOutput, MultipartUpload, Part, Range, UploadPartCopyInput, UploadPartCopyOutput,
    UploadPartInput, UploadPartOutput,
};
use s3s::{S3Error, S3Request, S3Result, s3_error};

use super::convert::{blocking, check_copy, condition, error, etag, said, version_id};
use super::listings::Encoder;
use super::objects::{Source, commit, duplicate, open, within};
use super::receive::{Incoming, Received, receive};
use super::{Answer, answer};
use crate::keys::Served;
use crate::store::StoreError;
use crate::store::blob_file::{Closing, Finished};
use crate::store::bucket::Condition;
use crate::store::completions::Completed;
use crate::store::index::Version;
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
    let upload = find(served, &input.key, &input.upload_id).await?;
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
    let upload = find(to, &input.key, &input.upload_id).await?;
    let (version, file) = open(from, (key, id)).await?;
    let times = (
        input.copy_source_if_modified_since.as_ref(),
        input.copy_source_if_unmodified_since.as_ref(),
    );
    let (matches, differs) = (&input.copy_source_if_match, &input.copy_source_if_none_match);
    check_copy(&version, matches.as_ref(), differs.as_ref(), times)?;
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
    let parts = input
        .multipart_upload
        .and_then(|upload| upload.parts)
        .unwrap_or_default();
    if parts.is_empty() {
        return Err(s3_error!(MalformedXML, "Name at least one part"));
    }
    let wanted: Vec<(u32, String)> = parts.into_iter().map(named).collect::<S3Result<_>>()?;
    let completion = Completion {
        key: input.key.clone(),
        wanted,
        condition,
        size: input.mpu_object_size,
    };
    // A client that hangs up while gigabytes are copied asks again, and then the work is done.
    let work = tokio::spawn(complete_once(served.clone(), input.upload_id, completion));
    let version = work.await.map_err(S3Error::internal_error)??;
    answer(CompleteMultipartUploadOutput {
        location: Some(format!("/{}/{}", input.bucket, input.key)),
        bucket: Some(input.bucket),
        key: Some(input.key),
        e_tag: Some(etag(&version.description.etag)),
        version_id: version_id(&version),
        ..CompleteMultipartUploadOutput::default()
    })
}

/// What an upload is to become.
struct Completion {
    key: String,
    wanted: Vec<(u32, String)>,
    condition: Condition,
    /// How many bytes the client says the blob has.
    size: Option<i64>,
}

async fn complete_once(served: Served, id: String, completion: Completion) -> S3Result<Version> {
    let slot = match served.bucket.completions.find(&id) {
        Some(slot) => slot,
        None => {
            // Only what exists takes the place of what is remembered.
            find(&served, &completion.key, &id).await?;
            served.bucket.completions.enter(&id)
        }
    };
    let mut done = slot.lock().await;
    if let Some(completed) = &*done {
        return match completed.key == completion.key && completed.wanted == completion.wanted {
            true => Ok(completed.version.clone()),
            false => Err(error(StoreError::NoSuchUpload)),
        };
    }
    let upload = find(&served, &completion.key, &id).await?;
    let (bucket, own, wanted) = (served.bucket.clone(), upload.clone(), completion.wanted.clone());
    let chosen = blocking(move || upload::choose(&bucket, &own, &wanted)).await?;
    let finished = upload::join(&served.bucket, &upload, &chosen)
        .await
        .map_err(error)?;
    let size = finished.description.size;
    if completion
        .size
        .is_some_and(|said| u64::try_from(said) != Ok(size))
    {
        return Err(s3_error!(InvalidRequest, "The parts have {size} bytes together"));
    }
    let version = commit(&served, finished, completion.condition).await?;
    *done = Some(Completed {
        key: completion.key,
        wanted: completion.wanted,
        version: version.clone(),
    });
    // The blob is stored, whatever becomes of its parts; an upload that stays is listed and can be aborted.
    let _ = blocking(move || upload::remove(&served.bucket, &upload)).await;
    Ok(version)
}

async fn find(served: &Served, key: &str, id: &str) -> S3Result<Upload> {
    let (bucket, key, id) = (served.bucket.clone(), key.to_owned(), id.to_owned());
    blocking(move || upload::find(&bucket, &key, &id)).await
}

pub(super) async fn abort(
    served: &Served,
    input: &AbortMultipartUploadInput,
) -> Answer<AbortMultipartUploadOutput> {
    let upload = find(served, &input.key, &input.upload_id).await?;
    let bucket = served.bucket.clone();
    blocking(move || upload::remove(&bucket, &upload)).await?;
    answer(AbortMultipartUploadOutput::default())
}

pub(super) async fn list(served: &Served, input: ListPartsInput) -> Answer<ListPartsOutput> {
    let upload = find(served, &input.key, &input.upload_id).await?;
    let marker = input.part_number_marker.unwrap_or_default();
    let max = input.max_parts.unwrap_or(PAGE_MAX).clamp(0, PAGE_MAX);
    let bucket = served.bucket.clone();
    let mut parts = blocking(move || upload::parts(&bucket, &upload)).await?;
    parts.retain(|part| i64::from(part.number) > i64::from(marker));
    // A page that may hold nothing is not followed by another, or nobody would come to an end.
    let is_truncated = max > 0 && parts.len() > max as usize;
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

pub(super) async fn uploads(
    served: &Served,
    input: ListMultipartUploadsInput,
) -> Answer<ListMultipartUploadsOutput> {
    let prefix = input.prefix.clone().unwrap_or_default();
    let max = input.max_uploads.unwrap_or(PAGE_MAX).clamp(0, PAGE_MAX);
    if input
        .delimiter
        .as_ref()
        .is_some_and(|delimiter| !delimiter.is_empty())
    {
        return Err(s3_error!(
            NotImplemented,
            "Uploads are listed without a delimiter"
        ));
    }
    let encoder = Encoder::of(input.encoding_type.as_ref());
    let bucket = served.bucket.clone();
    let mut found = blocking(move || upload::list(&bucket)).await?;
    let is_after = |upload: &Upload| {
        let (Some(key), id) = (input.key_marker.as_deref(), input.upload_id_marker.as_deref()) else {
            return true;
        };
        (upload.head.key.as_str(), Some(upload.id.as_str())) > (key, id.or(Some("\u{7f}")))
    };
    found.retain(|upload| upload.head.key.starts_with(&prefix) && is_after(upload));
    let is_truncated = max > 0 && found.len() > max as usize;
    found.truncate(max as usize);
    let last = found.last().filter(|_| is_truncated).cloned();
    let told = found.into_iter().map(|upload| MultipartUpload {
        initiated: Some(upload.head.modified().into()),
        key: Some(encoder.text(&upload.head.key)),
        upload_id: Some(upload.id),
        ..MultipartUpload::default()
    });
    answer(ListMultipartUploadsOutput {
        uploads: Some(told.collect()),
        bucket: Some(input.bucket),
        prefix: input.prefix.map(|prefix| encoder.text(&prefix)),
        key_marker: input.key_marker.map(|marker| encoder.text(&marker)),
        encoding_type: input.encoding_type,
        upload_id_marker: input.upload_id_marker,
        max_uploads: Some(max),
        is_truncated: Some(is_truncated),
        next_key_marker: last.as_ref().map(|last| encoder.text(&last.head.key)),
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
