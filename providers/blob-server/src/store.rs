//! Buckets in a folder. A version of a blob is one file that appears by one rename, so it is there as a whole or not at
//! all; what the files say is the only truth, and everything in memory is made from it at the start.

pub mod blob_file;
pub mod bucket;
pub mod completions;
pub mod disk;
pub mod index;
pub mod lifecycle;
pub mod upload;

use std::path::PathBuf;

use disk::DiskError;

/// Why something cannot be stored, found or removed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system refused.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// A file in the folder is not one that was stored.
    #[error("The file `{}` is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// Name, headers and metadata of a blob are longer together than a reader takes.
    #[error("The blob's name, headers and metadata are longer than 1 MiB together")]
    TooMuchSaid,
    /// The file of a part or blob ended before its bytes did.
    #[error("The file `{}` ended early", path.display())]
    Short {
        /// The file.
        path: PathBuf,
    },
    /// There is no such blob.
    #[error("The blob does not exist")]
    NoSuchKey,
    /// There is no such version.
    #[error("The version does not exist")]
    NoSuchVersion,
    /// The newest version says that the blob was deleted.
    #[error("The version is a delete marker")]
    DeleteMarker,
    /// There is no such upload.
    #[error("The upload does not exist, or was completed or aborted")]
    NoSuchUpload,
    /// What the request made a condition does not hold.
    #[error("The condition does not hold")]
    Condition,
    /// A part was not uploaded, or is another one than was said.
    #[error("Part {number} was not uploaded, or is another one")]
    InvalidPart {
        /// Its number.
        number: u32,
    },
    /// Parts are not in the order of their numbers.
    #[error("The parts are not in the order of their numbers")]
    PartOrder,
    /// A part that is not the last is too small.
    #[error("Part {number} is smaller than 5 MiB and not the last")]
    PartTooSmall {
        /// Its number.
        number: u32,
    },
}
