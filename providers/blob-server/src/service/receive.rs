//! Takes the body of a request into a draft and compares it with the sums that its sender gave, in headers or after it.

use std::collections::BTreeMap;
use std::time::Duration;

use data_encoding::BASE64;
use futures::StreamExt;
use hyper::HeaderMap;
use hyper::body::Bytes;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};
use s3s::dto::{Checksum, StreamingBlob};
use s3s::{S3Result, TrailingHeaders, s3_error};

use super::convert::{self, refusal};
use crate::store::blob_file::Draft;
use crate::store::bucket::Bucket;

/// What begins the name of a header with a checksum.
const CHECKSUM: &str = "x-amz-checksum-";
const ALGORITHMS: [&str; 5] = ["crc32", "crc32c", "crc64nvme", "sha1", "sha256"];
/// How long a body in chunks of its own may be: 1 GiB.
const CHUNKED_BYTES_MAX: u64 = 1 << 30;
/// How long nothing may come of a body that is not whole.
const NEXT_WITHIN: Duration = Duration::from_secs(60);

/// A body that was received as a whole.
pub(super) struct Received {
    pub(super) draft: Draft,
    /// The checksums that its sender gave; they were right.
    pub(super) checksums: BTreeMap<String, String>,
}

/// A body on its way.
pub(super) struct Incoming<'a> {
    pub(super) headers: &'a HeaderMap,
    pub(super) body: Option<StreamingBlob>,
    pub(super) trailers: Option<&'a TrailingHeaders>,
}

/// Receives a body.
///
/// # Errors
/// `EntityTooLarge` when it comes in chunks and is too long, `IncompleteBody` when it ends early or is not the one that was signed, `BadDigest` when a sum is wrong,
/// `MalformedTrailerError` when one that was to follow the body does not, `RequestTimeout` when nothing comes for a minute.
pub(super) async fn receive(bucket: &Bucket, incoming: Incoming<'_>) -> S3Result<Received> {
    check_announced(incoming.headers)?;
    let mut draft = bucket.draft().await.map_err(convert::error)?;
    let mut sums = hasher(incoming.headers);
    let mut body = incoming.body;
    while let Some(bytes) = next(&mut body).await? {
        let bytes = bytes.map_err(|error| {
            let mut told = s3_error!(
                IncompleteBody,
                "The body ended early, or is not the one that was signed"
            );
            told.set_source(error);
            told
        })?;
        sums.update(&bytes);
        draft.write(&bytes).await.map_err(convert::error)?;
    }
    check_length(incoming.headers, draft.size())?;
    let mut declared = declared(incoming.headers);
    let trailers = incoming
        .trailers
        .and_then(TrailingHeaders::take)
        .unwrap_or_default();
    if let Some(missing) = announced(incoming.headers)
        .into_iter()
        .find(|name| !trailers.contains_key(name))
    {
        let message = format!("The trailer `{missing}` was announced and did not come");
        return Err(refusal("MalformedTrailerError", message));
    }
    declared.extend(self::declared(&trailers));
    let sums = named(sums.finalize());
    for (algorithm, sum) in &declared {
        if sums.get(algorithm) != Some(sum) {
            return Err(s3_error!(
                BadDigest,
                "The {algorithm} checksum of the body is another one"
            ));
        }
    }
    let md5 = incoming.headers.get("content-md5");
    if md5.is_some_and(|md5| md5.as_bytes() != BASE64.encode(&draft.md5()).as_bytes()) {
        return Err(s3_error!(BadDigest, "The MD5 sum of the body is another one"));
    }
    Ok(Received {
        draft,
        checksums: declared,
    })
}

/// A chunk is verified before any of it is passed on, so it is held in memory, and some libraries send all in one.
fn check_announced(headers: &HeaderMap) -> S3Result<()> {
    match decoded_length(headers) {
        Some(Some(length)) if length > CHUNKED_BYTES_MAX => Err(s3_error!(
            EntityTooLarge,
            "A body in signed chunks has {CHUNKED_BYTES_MAX} bytes at most; upload in parts"
        )),
        _ => Ok(()),
    }
}

/// Returns how long a body is without its chunks, if it comes in chunks; nothing within when that is not understood.
fn decoded_length(headers: &HeaderMap) -> Option<Option<u64>> {
    let length = headers.get("x-amz-decoded-content-length")?;
    Some(length.to_str().ok().and_then(|length| length.parse().ok()))
}

/// A body that comes in chunks says how long it is without them; one that was cut between two of them looks whole.
fn check_length(headers: &HeaderMap, received: u64) -> S3Result<()> {
    match decoded_length(headers).is_none_or(|length| length == Some(received)) {
        true => Ok(()),
        false => Err(s3_error!(IncompleteBody, "The body is not as long as was said")),
    }
}

async fn next(body: &mut Option<StreamingBlob>) -> S3Result<Option<Result<Bytes, s3s::StdError>>> {
    let Some(body) = body else {
        return Ok(None);
    };
    let next = tokio::time::timeout(NEXT_WITHIN, body.next()).await;
    next.map_err(|_| {
        s3_error!(
            RequestTimeout,
            "Nothing more of the body came for {NEXT_WITHIN:?}"
        )
    })
}

fn declared(headers: &HeaderMap) -> BTreeMap<String, String> {
    let found = ALGORITHMS.iter().filter_map(|algorithm| {
        let sum = headers.get(format!("{CHECKSUM}{algorithm}"))?;
        Some(((*algorithm).to_owned(), sum.to_str().ok()?.to_owned()))
    });
    found.collect()
}

/// Returns the names of the headers that are to follow the body.
fn announced(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all("x-amz-trailer").iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    let names = texts.flat_map(|text| text.split(',')).map(str::trim);
    names
        .filter(|name| !name.is_empty())
        .map(str::to_ascii_lowercase)
        .collect()
}

/// A sum is counted when the headers give it, or say that it will follow the body.
fn hasher(headers: &HeaderMap) -> ChecksumHasher {
    let following = announced(headers);
    let wanted = |algorithm: &str| {
        let name = format!("{CHECKSUM}{algorithm}");
        headers.contains_key(&name) || following.contains(&name)
    };
    ChecksumHasher {
        crc32: wanted("crc32").then(Crc32::new),
        crc32c: wanted("crc32c").then(Crc32c::new),
        sha1: wanted("sha1").then(Sha1::new),
        sha256: wanted("sha256").then(Sha256::new),
        crc64nvme: wanted("crc64nvme").then(Crc64Nvme::new),
    }
}

fn named(sums: Checksum) -> BTreeMap<String, String> {
    let all = [
        ("crc32", sums.checksum_crc32),
        ("crc32c", sums.checksum_crc32c),
        ("crc64nvme", sums.checksum_crc64nvme),
        ("sha1", sums.checksum_sha1),
        ("sha256", sums.checksum_sha256),
    ];
    all.into_iter()
        .filter_map(|(name, sum)| Some((name.to_owned(), sum?)))
        .collect()
}
