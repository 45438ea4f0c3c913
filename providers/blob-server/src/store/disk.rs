//! The few calls by which something becomes durable, with errors that say what was tried on which path.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Why a file or folder cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("Cannot {action} `{}`", path.display())]
pub struct DiskError {
    /// What was tried, as a verb.
    pub action: &'static str,
    /// On what.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

impl DiskError {
    /// Returns a function that turns what the system said into an error.
    pub fn from_io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self { action, path, source }
    }

    /// Says whether what was looked for is not there.
    #[must_use]
    pub fn is_absence(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }
}

/// Makes a folder durably; one that exists is success.
///
/// # Errors
/// [`DiskError`] when it cannot be made.
pub fn make_folder(path: &Path) -> Result<(), DiskError> {
    match fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => {
            made.map_err(DiskError::from_io("make", path))?;
            sync_folder(path.parent().unwrap_or(path))
        }
    }
}

/// Waits until what was renamed into a folder or removed from it would survive a power cut.
///
/// # Errors
/// [`DiskError`] when the system cannot say so.
pub fn sync_folder(path: &Path) -> Result<(), DiskError> {
    let synced = File::open(path).and_then(|folder| folder.sync_all());
    synced.map_err(DiskError::from_io("sync", path))
}

/// Removes a file; one that is gone is success.
///
/// # Errors
/// [`DiskError`] when it stays.
pub fn remove_file(path: &Path) -> Result<(), DiskError> {
    absent_is_fine(fs::remove_file(path)).map_err(DiskError::from_io("remove", path))
}

/// Removes a folder with all it holds; one that is gone is success.
///
/// # Errors
/// [`DiskError`] when something in it stays.
pub fn remove_folder(path: &Path) -> Result<(), DiskError> {
    absent_is_fine(fs::remove_dir_all(path)).map_err(DiskError::from_io("remove", path))
}

/// Returns the paths in a folder.
///
/// # Errors
/// [`DiskError`] when it cannot be read.
pub fn entries(path: &Path) -> Result<Vec<PathBuf>, DiskError> {
    let read = fs::read_dir(path).and_then(|found| found.map(|entry| Ok(entry?.path())).collect());
    read.map_err(DiskError::from_io("read", path))
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
