//! Takes the body of a request into a draft and compares it with the sums that its sender gave, in headers or after it.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use futures::StreamExt;
use hyper::HeaderMap;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};
use s3s::dto::{Checksum, StreamingBlob};
use s3s::{S3Result, TrailingHeaders, s3_error};

use super::convert;
use crate::store::blob_file::Draft;
use crate::store::bucket::Bucket;

/// What begins the name of a header with a checksum.
const CHECKSUM: &str = "x-amz-checksum-";
const ALGORITHMS: [&str; 5] = ["crc32", "crc32c", "crc64nvme", "sha1", "sha256"];

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
/// `IncompleteBody` when it ends early or is not the one that was signed, `BadDigest` when a sum is wrong.
pub(super) async fn receive(bucket: &Bucket, incoming: Incoming<'_>) -> S3Result<Received> {
    let mut draft = bucket.draft().await.map_err(convert::error)?;
    let mut sums = hasher(incoming.headers);
    let mut body = incoming.body;
    while let Some(bytes) = next(&mut body).await {
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
    let mut declared = declared(incoming.headers);
    if let Some(trailers) = incoming.trailers.and_then(TrailingHeaders::take) {
        declared.extend(self::declared(&trailers));
    }
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

async fn next(body: &mut Option<StreamingBlob>) -> Option<Result<hyper::body::Bytes, s3s::StdError>> {
    body.as_mut()?.next().await
}

fn declared(headers: &HeaderMap) -> BTreeMap<String, String> {
    let found = ALGORITHMS.iter().filter_map(|algorithm| {
        let sum = headers.get(format!("{CHECKSUM}{algorithm}"))?;
        Some(((*algorithm).to_owned(), sum.to_str().ok()?.to_owned()))
    });
    found.collect()
}

/// A sum is counted when the headers give it, or say that it will follow the body.
fn hasher(headers: &HeaderMap) -> ChecksumHasher {
    let following = headers.get("x-amz-trailer").and_then(|value| value.to_str().ok());
    let following = following.unwrap_or_default().to_ascii_lowercase();
    let wanted = |algorithm: &str| {
        let name = format!("{CHECKSUM}{algorithm}");
        headers.contains_key(&name) || following.split(',').any(|other| other.trim() == name)
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
