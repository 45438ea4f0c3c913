//! What a server is told: where it listens and keeps its data, and which buckets it has for whom.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// What a server is started with. It holds no secret and may lie in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSettings {
    /// The folder of all buckets.
    pub data: PathBuf,
    /// Where it answers S3; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The unix socket through which it gets its buckets and keys.
    pub control: PathBuf,
}

/// The buckets of a server and the keys that open them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenancy {
    /// The buckets; one that is not named is not served, and its data stays.
    pub buckets: Vec<BucketSettings>,
    /// The keys.
    pub keys: Vec<AccessKey>,
}

/// A bucket, and what becomes of its blobs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BucketSettings {
    /// Its name.
    pub name: String,
    /// What becomes of its blobs.
    #[serde(flatten)]
    pub policy: Policy,
}

/// What becomes of overwritten, deleted and old blobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Whether overwritten and deleted blobs are kept as versions.
    pub versioning: bool,
    /// Days after which blobs expire; none keeps them.
    pub expire_days: Option<u32>,
    /// Days after which versions that are no longer current expire; none keeps them.
    pub expire_noncurrent_days: Option<u32>,
}

/// A key, and the buckets that it opens.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessKey {
    /// Its public half.
    pub id: String,
    /// Its secret half.
    pub secret: Zeroizing<String>,
    /// The names of the buckets that it opens.
    pub buckets: Vec<String>,
}

impl fmt::Debug for AccessKey {
    /// Leaves the secret out.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AccessKey")
            .field("id", &self.id)
            .field("buckets", &self.buckets)
            .finish_non_exhaustive()
    }
}
