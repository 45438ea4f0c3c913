//! Tells a full disk from other input and output errors, because it is the one that a person repairs by
//! making room, and a message such as "cannot rename" would send them elsewhere.

use std::io;
use std::path::{Path, PathBuf};

/// Why a file or directory could not be written, read or removed.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// The file system, or the caller's quota on it, has no room left.
    #[error("The disk that holds `{}` is full", path.display())]
    Full {
        /// What was being written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file system refuses writing.
    #[error("The file system that holds `{}` is read-only", path.display())]
    ReadOnly {
        /// What was being written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something stands where a directory of ours belongs.
    #[error("`{}` is not a directory of this user", path.display())]
    Foreign {
        /// What stands there.
        path: PathBuf,
    },
    /// Any other failure.
    #[error("Cannot {action} `{}`", path.display())]
    Other {
        /// What was tried, as a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl DiskError {
    /// Sorts what the system said while `action` was tried on `path`.
    #[must_use]
    pub fn from_io(action: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path, source },
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path, source },
            _ => Self::Other { action, path, source },
        }
    }

    /// Returns what a person can do about it, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Full { .. } => Some("Make room on this disk, then run the command again".to_owned()),
            Self::ReadOnly { .. } => Some("Move the stack to a file system that can be written".to_owned()),
            Self::Foreign { path } => Some(format!("Move it away: {}", path.display())),
            Self::Other { .. } => None,
        }
    }
}

/// Tells whether a server's or a tool's own words say that the disk is full.
///
/// PostgreSQL, Redis and the core utilities all print the system's text for `ENOSPC`.
#[must_use]
pub fn says_disk_full(text: &str) -> bool {
    text.contains("No space left on device") || text.contains("Disk quota exceeded")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_has_its_own_message_and_hint() {
        let source = io::Error::from_raw_os_error(rustix::io::Errno::NOSPC.raw_os_error());
        let error = DiskError::from_io("write", Path::new("/data/file"), source);
        assert_eq!(error.to_string(), "The disk that holds `/data/file` is full");
        assert!(error.hint().unwrap().starts_with("Make room"));
    }

    #[test]
    fn a_tool_that_ran_out_of_space_is_recognised() {
        assert!(says_disk_full(
            "initdb: could not write to file: No space left on device"
        ));
        assert!(!says_disk_full("initdb: permission denied"));
    }
}
