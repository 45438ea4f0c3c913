//! The archive that a state was restored from, in objects of its own: a segment is small, an archive need not be.

use bytes::Bytes;
use futures::TryStreamExt as _;
use infra_model::digest::Digest;

use crate::archive::{self, Archive};
use crate::stores::object::bucket::Bucket;
use crate::stores::object::failure::Failure;
use crate::stores::object::frame::{frame, unframe};
use crate::stores::object::names;
use crate::stores::object::segment::Restored;

/// Writes an archive in parts of that size, and returns what a segment says of it.
///
/// The parts are called after what the archive holds. Before a segment names them they are nothing.
pub(super) async fn write(
    bucket: &Bucket,
    archive: &Archive,
    part_bytes: usize,
) -> Result<Restored, Failure> {
    let bytes = archive::encode(archive).map_err(|error| Failure::Unwritable {
        what: error.to_string(),
    })?;
    let restored = Restored {
        archive: Digest::of(&bytes),
        parts: bytes.len().div_ceil(part_bytes),
        serial: archive.state.serial,
        standing: archive.state.standing.clone(),
    };
    for (number, part) in bytes.chunks(part_bytes).enumerate() {
        let name = names::restored_part(&restored.archive, number);
        bucket.write(&name, &frame(&name, part)).await?;
    }
    Ok(restored)
}

/// Reads the archive that a segment names.
pub(super) async fn read(bucket: &Bucket, restored: &Restored) -> Result<Archive, Failure> {
    let part_names = (0..restored.parts).map(|part| names::restored_part(&restored.archive, part));
    let part_names: Vec<String> = part_names.collect();
    let mut bytes = Vec::new();
    let mut parts = std::pin::pin!(bucket.read_all(part_names.clone()));
    for name in &part_names {
        let object: Option<Bytes> = parts.try_next().await?.flatten();
        let object = object.ok_or_else(|| Failure::damaged(name, "is missing"))?;
        bytes.extend(&*unframe(name, &object)?);
    }
    let mut archive = archive::decode(&bytes).map_err(|error| Failure::Damaged {
        what: format!(
            "the archive {} cannot be read ({error})",
            restored.archive.short()
        ),
    })?;
    archive.state.standing = restored.standing.clone();
    Ok(archive)
}
