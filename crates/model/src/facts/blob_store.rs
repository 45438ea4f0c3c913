//! The facts of a store of blobs.

use super::{Branch, segment};
use crate::component::blob_store::BlobStore;

pub(super) fn describe(store: &BlobStore, root: &mut Branch<'_>) {
    let BlobStore {
        segment: listens_in,
        versioning,
        expire_days,
        expire_noncurrent_days,
    } = store;
    root.set("segment", segment(listens_in.as_ref()));
    root.set("versioning", *versioning);
    root.set_optional("expire_days", *expire_days);
    root.set_optional("expire_noncurrent_days", *expire_noncurrent_days);
}
