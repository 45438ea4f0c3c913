//! The component `blob_store`: a bucket or container of blobs.

use crate::component::SegmentRef;

/// A store of blobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobStore {
    /// Where it listens, if it is a server of the stack's own; none means this machine alone.
    pub segment: Option<SegmentRef>,
    /// Whether overwritten and deleted blobs are kept as versions.
    pub versioning: bool,
    /// Days after which blobs expire; none keeps them.
    pub expire_days: Option<u32>,
    /// Days after which versions that are no longer current expire; none keeps them.
    pub expire_noncurrent_days: Option<u32>,
}
