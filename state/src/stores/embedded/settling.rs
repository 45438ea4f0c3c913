//! Settling: bringing a database that is closed into a form that opening and reading does not change, and taking
//! its fingerprint.
//!
//! sled finishes its last segment only when it opens a file again, and splits pages while it reads. So the database
//! is opened, read through and closed until its files stay the same, which is the second time. Large databases are
//! left as they are: reading them through after every change would cost more than the change, and the checksums of
//! values, the tally and the mark still find what is lost or altered in them.

use std::fs;
use std::path::Path;

use crate::stores::embedded::database::{Database, data_file, sync_folder};
use crate::stores::embedded::failure::Failure;
use crate::stores::embedded::fingerprint::fingerprint;
use crate::stores::embedded::mark::{Mark, MarkFile};

/// Up to here, settling takes a few hundredths of a second.
const SETTLED_BYTES_MAX: u64 = 32 * 1024 * 1024;

const ROUNDS_MAX: usize = 4;

/// Compares a database that was settled with the fingerprint it left, before anything opens it.
pub(super) fn verify(path: &Path, mark: &Mark) -> Result<(), Failure> {
    match mark.settled {
        Some(expected) if fingerprint(path)? != expected => Err(Failure::damaged(
            path,
            "the files of the database are not what they were when it was closed",
        )),
        _ => Ok(()),
    }
}

/// Settles a database that was closed and says so in the mark. When it cannot be settled, the mark stays as it is
/// and only says less.
pub(super) fn settle(path: &Path, mark_file: &MarkFile, mark: Mark) {
    let small = fs::metadata(data_file(path)).is_ok_and(|data| data.len() <= SETTLED_BYTES_MAX);
    if !small {
        return;
    }
    let mut before = None;
    for _ in 0..ROUNDS_MAX {
        let Ok(found) = read_through(path).and_then(|()| fingerprint(path)) else {
            return;
        };
        if before == Some(found) {
            let settled = Mark {
                settled: Some(found),
                ..mark
            };
            let _ = sync_folder(path).and_then(|()| mark_file.write(settled));
            return;
        }
        before = Some(found);
    }
}

fn read_through(path: &Path) -> Result<(), Failure> {
    Database::open(path)?.read_through()
}
