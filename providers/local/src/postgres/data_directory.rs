//! Handles data directories as files: whose they are, copying them, and making a copy durable.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::host::disk::DiskError;
use crate::host::folder;

/// The file inside a data directory that says which cluster it belongs to.
///
/// Clusters made from one template share PostgreSQL's own system identifier, so it cannot tell them apart. Base
/// backups carry the file along, so every replica of a cluster has the same one.
const CLUSTER_FILE: &str = "infra.cluster";

/// Why a data directory cannot be used.
#[derive(Debug, Error)]
pub enum DataDirectoryError {
    /// It holds another cluster, or one that infra did not make.
    #[error("The data directory `{}` holds a cluster that infra did not put there", .path.display())]
    Foreign {
        /// The directory.
        path: PathBuf,
    },
    /// It was made by another major version.
    #[error("The data directory `{}` belongs to PostgreSQL {found}, not {expected}", .path.display())]
    WrongMajor {
        /// The directory.
        path: PathBuf,
        /// The version in the directory.
        found: String,
        /// The version that was to use it.
        expected: u16,
    },
    /// A file that every data directory has is missing.
    #[error("The data directory `{}` is damaged: `{missing}` is missing", .path.display())]
    Damaged {
        /// The directory.
        path: PathBuf,
        /// What is missing.
        missing: &'static str,
    },
    /// The operating system refused.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

impl DataDirectoryError {
    /// Returns what the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Foreign { path } => Some(format!(
                "Nothing in it was touched; move it away: {}",
                path.display()
            )),
            Self::WrongMajor { .. } => {
                Some("Set `version` back, or dump the data and let infra replace it".to_owned())
            }
            Self::Damaged { .. } => {
                Some("Restore the directory, or replace the server and lose its data".to_owned())
            }
            Self::Disk(error) => error.hint(),
        }
    }
}

/// Checks that a directory holds the expected cluster of the expected version.
///
/// # Errors
/// [`DataDirectoryError`] says what is wrong with it; nothing is changed.
pub fn check(path: &Path, cluster: &str, major: u16) -> Result<(), DataDirectoryError> {
    let found = folder::read_if_present(&path.join(CLUSTER_FILE))?;
    match found {
        Some(found) if found == cluster.as_bytes() => {}
        None if is_empty(path)? => return Err(damaged(path, "PG_VERSION")),
        _ => {
            return Err(DataDirectoryError::Foreign {
                path: path.to_owned(),
            });
        }
    }
    let Some(version) = folder::read_if_present(&path.join("PG_VERSION"))? else {
        return Err(damaged(path, "PG_VERSION"));
    };
    let version = String::from_utf8_lossy(&version).trim().to_owned();
    if version != major.to_string() {
        return Err(DataDirectoryError::WrongMajor {
            path: path.to_owned(),
            found: version,
            expected: major,
        });
    }
    if !path.join("global/pg_control").is_file() {
        return Err(damaged(path, "global/pg_control"));
    }
    Ok(())
}

/// Marks a directory as belonging to a cluster.
///
/// # Errors
/// [`DiskError`] when the mark cannot be written.
pub fn mark(path: &Path, cluster: &str) -> Result<(), DiskError> {
    folder::write_private(&path.join(CLUSTER_FILE), cluster.as_bytes())
}

/// Returns the version in a directory, if it holds a cluster at all.
pub fn major_version(path: &Path) -> Option<u16> {
    fs::read_to_string(path.join("PG_VERSION"))
        .ok()?
        .trim()
        .parse()
        .ok()
}

/// Copies a directory with all it holds; the target must not exist.
///
/// Files are cloned where the file system can. The copy is not yet durable: see [`sync`].
///
/// # Errors
/// [`DiskError`] naming the file at which it failed.
pub fn copy(from: &Path, to: &Path) -> Result<(), DiskError> {
    folder::private_directory(to)?;
    for entry in fs::read_dir(from).map_err(|source| copy_failed(from, source))? {
        let entry = entry.map_err(|source| copy_failed(from, source))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(|error| copy_failed(&source, error))?;
        if kind.is_dir() {
            copy(&source, &target)?;
        } else {
            fs::copy(&source, &target).map_err(|error| copy_failed(&target, error))?;
        }
    }
    Ok(())
}

fn copy_failed(path: &Path, source: io::Error) -> DiskError {
    DiskError::from_io("copy", path, source)
}

/// How many files are synced side by side: the file system then writes many in one commit of its journal, which is as
/// quick as syncing it whole, and does not wait for what other programs have written.
const SYNCED_AT_ONCE: usize = 16;

/// Makes everything below a directory survive a power cut.
///
/// # Errors
/// [`DiskError`] naming the file that the disk did not take.
pub fn sync(path: &Path) -> Result<(), DiskError> {
    let mut all = vec![path.to_owned()];
    collect(path, &mut all)?;
    let share = all.len().div_ceil(SYNCED_AT_ONCE);
    std::thread::scope(|scope| {
        let workers: Vec<_> = all
            .chunks(share)
            .map(|chunk| scope.spawn(move || chunk.iter().try_for_each(|path| sync_one(path))))
            .collect();
        workers.into_iter().try_for_each(|worker| match worker.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })
}

/// Files that are gone by now were the server's, which is free to do so while it is synced.
fn sync_one(path: &Path) -> Result<(), DiskError> {
    match File::open(path).and_then(|file| file.sync_all()) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(DiskError::from_io("sync", path, source))
        }
        _ => Ok(()),
    }
}

fn collect(folder: &Path, all: &mut Vec<PathBuf>) -> Result<(), DiskError> {
    let failed = |source| DiskError::from_io("read", folder, source);
    let entries = match fs::read_dir(folder) {
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(failed)?,
    };
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() {
            collect(&entry.path(), all)?;
        }
        if kind.is_dir() || kind.is_file() {
            all.push(entry.path());
        }
    }
    Ok(())
}

fn damaged(path: &Path, missing: &'static str) -> DataDirectoryError {
    DataDirectoryError::Damaged {
        path: path.to_owned(),
        missing,
    }
}

fn is_empty(path: &Path) -> Result<bool, DiskError> {
    match fs::read_dir(path) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(source) => Err(DiskError::from_io("read", path, source)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("global")).unwrap();
        fs::write(directory.path().join("global/pg_control"), "x").unwrap();
        fs::write(directory.path().join("PG_VERSION"), "16\n").unwrap();
        directory
    }

    #[test]
    fn our_own_directory_passes() {
        let directory = directory();
        mark(directory.path(), "c1").unwrap();
        check(directory.path(), "c1", 16).unwrap();
    }

    #[test]
    fn a_cluster_without_our_mark_or_with_another_is_foreign() {
        let directory = directory();
        let unmarked = check(directory.path(), "c1", 16).unwrap_err();
        assert!(matches!(unmarked, DataDirectoryError::Foreign { .. }));
        mark(directory.path(), "c2").unwrap();
        let other = check(directory.path(), "c1", 16).unwrap_err();
        assert!(
            other
                .to_string()
                .ends_with("holds a cluster that infra did not put there")
        );
    }

    #[test]
    fn another_version_is_named() {
        let directory = directory();
        mark(directory.path(), "c1").unwrap();
        let error = check(directory.path(), "c1", 17).unwrap_err();
        assert!(error.to_string().ends_with("belongs to PostgreSQL 16, not 17"));
    }

    #[test]
    fn missing_files_are_damage() {
        let directory = directory();
        mark(directory.path(), "c1").unwrap();
        fs::remove_file(directory.path().join("global/pg_control")).unwrap();
        let error = check(directory.path(), "c1", 16).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("is damaged: `global/pg_control` is missing")
        );
        let gone = check(&directory.path().join("gone"), "c1", 16).unwrap_err();
        assert!(gone.to_string().ends_with("is damaged: `PG_VERSION` is missing"));
    }

    #[test]
    fn a_copy_has_the_same_files() {
        let (from, to) = (directory(), tempfile::tempdir().unwrap());
        let target = to.path().join("copy");
        copy(from.path(), &target).unwrap();
        sync(&target).unwrap();
        assert_eq!(fs::read_to_string(target.join("global/pg_control")).unwrap(), "x");
    }
}
