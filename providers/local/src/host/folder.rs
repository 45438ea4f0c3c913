//! Files and directories that only their owner may read, written so that a crash leaves the old content or
//! the new one, never half of it. All functions block; the files are small.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::disk::DiskError;

/// Access for the owner alone, to a directory.
const PRIVATE_DIRECTORY: u32 = 0o700;
/// Access for the owner alone, to a file.
const PRIVATE_FILE: u32 = 0o600;
/// Removing a file that was synced is a millisecond of waiting, and a server has a thousand: eight at a time take a
/// fifth of the time.
const REMOVERS: usize = 8;
/// So many files are not worth another thread.
const REMOVED_ALONE: usize = 32;

/// Makes a directory and its parents; the last one is readable by its owner alone.
///
/// A directory that exists is kept and its mode corrected. A link or another user's directory is refused,
/// so that nobody can plant one where sockets or secrets are going to be.
///
/// # Errors
/// [`DiskError`] when it cannot be made, or when something foreign stands there.
pub fn private_directory(path: &Path) -> Result<(), DiskError> {
    let failed = |source| DiskError::from_io("create the directory", path, source);
    match DirBuilder::new()
        .recursive(true)
        .mode(PRIVATE_DIRECTORY)
        .create(path)
    {
        Err(source) if source.kind() != io::ErrorKind::AlreadyExists => return Err(failed(source)),
        _ => {}
    }
    let found = fs::symlink_metadata(path).map_err(failed)?;
    if !found.is_dir() || found.uid() != rustix::process::geteuid().as_raw() {
        return Err(DiskError::Foreign {
            path: path.to_owned(),
        });
    }
    if found.permissions().mode() & 0o777 != PRIVATE_DIRECTORY {
        fs::set_permissions(path, Permissions::from_mode(PRIVATE_DIRECTORY)).map_err(failed)?;
    }
    Ok(())
}

/// Replaces a file's content in one step, durably; the file is readable by its owner alone.
///
/// # Errors
/// [`DiskError`]; the old content is then still there.
pub fn write_private(path: &Path, content: &[u8]) -> Result<(), DiskError> {
    write_atomically(path, content, PRIVATE_FILE)
}

/// Replaces the content of a file in one step, durably, and gives it a mode.
///
/// # Errors
/// [`DiskError`]; the old content is then still there.
pub fn write_atomically(path: &Path, content: &[u8], mode: u32) -> Result<(), DiskError> {
    let draft = draft_path(path);
    let written = write_draft(&draft, content, mode).and_then(|()| fs::rename(&draft, path));
    if let Err(source) = written {
        // The first error is the one to report; a draft that stays is overwritten by the next attempt.
        let _ = fs::remove_file(&draft);
        return Err(DiskError::from_io("write", path, source));
    }
    sync_directory(path)
}

/// Makes a file in one step, durably, readable by its owner alone; says no when there is one already, which then stays
/// as it is, also one that came while we wrote.
///
/// # Errors
/// [`DiskError`]; there is no new file then.
pub fn create_private(path: &Path, content: &[u8]) -> Result<bool, DiskError> {
    let draft = draft_path(path);
    let failed = |source| DiskError::from_io("write", path, source);
    let written = write_draft(&draft, content, PRIVATE_FILE).and_then(|()| publish(&draft, path));
    // What was published has a name of its own by now.
    let removed = absent_is_fine(fs::remove_file(&draft));
    match written {
        Err(source) if source.kind() == io::ErrorKind::AlreadyExists => {
            removed.map_err(failed).map(|()| false)
        }
        Err(source) => Err(failed(source)),
        Ok(()) => {
            removed.map_err(failed)?;
            sync_directory(path).map(|()| true)
        }
    }
}

/// Gives a draft its name unless somebody else has it. Some file systems know only one name per file: there a file that
/// came in the last moment is replaced.
fn publish(draft: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(draft, path) {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
            ) =>
        {
            fs::rename(draft, path)
        }
        linked => linked,
    }
}

/// Reads a file that may be absent.
///
/// # Errors
/// [`DiskError`] for anything but absence.
pub fn read_if_present(path: &Path) -> Result<Option<Vec<u8>>, DiskError> {
    match fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(DiskError::from_io("read", path, source)),
    }
}

/// Removes a file; one that is gone already is success.
///
/// # Errors
/// [`DiskError`] when it is there and stays.
pub fn remove_file(path: &Path) -> Result<(), DiskError> {
    absent_is_fine(fs::remove_file(path)).map_err(|source| DiskError::from_io("remove", path, source))
}

/// Removes a file that is written in one step, and the draft of it that a crash may have left.
///
/// # Errors
/// [`DiskError`] when one of them is there and stays.
pub fn remove_with_draft(path: &Path) -> Result<(), DiskError> {
    remove_file(path)?;
    remove_draft(path)
}

/// Removes the draft that a crash may have left of a file that is written in one step: before the file had its name, or
/// when it had both.
///
/// # Errors
/// [`DiskError`] when it is there and stays.
pub fn remove_draft(path: &Path) -> Result<(), DiskError> {
    remove_file(&draft_path(path))
}

/// Removes a directory with all it holds; one that is gone already is success.
///
/// # Errors
/// [`DiskError`] when something in it cannot be removed.
pub fn remove_tree(path: &Path) -> Result<(), DiskError> {
    remove_files(&files_below(path));
    absent_is_fine(fs::remove_dir_all(path)).map_err(|source| DiskError::from_io("remove", path, source))
}

/// Removes many files at once. What stays is not reported here, but by removing the directory around it.
fn remove_files(files: &[PathBuf]) {
    let share = files.len().div_ceil(REMOVERS).max(REMOVED_ALONE);
    std::thread::scope(|scope| {
        for files in files.chunks(share) {
            scope.spawn(move || files.iter().for_each(|file| drop(fs::remove_file(file))));
        }
    });
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    // A link to a directory is not one: what it points to is not ours to remove.
    if !directory.is_symlink() {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => found.extend(files_below(&entry.path())),
                _ => found.push(entry.path()),
            }
        }
    }
    found
}

/// Removes a directory if nothing is in it.
///
/// # Errors
/// [`DiskError`] for anything but absence and content.
pub fn remove_if_empty(path: &Path) -> Result<(), DiskError> {
    match fs::remove_dir(path) {
        Err(source) if source.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
        other => absent_is_fine(other).map_err(|source| DiskError::from_io("remove", path, source)),
    }
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// One fixed name per file: a crash leaves at most one draft, and the next write takes it over.
fn draft_path(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    path.with_file_name(name)
}

fn write_draft(draft: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    absent_is_fine(fs::remove_file(draft))?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(draft)?;
    file.write_all(content)?;
    // `mode` above is subject to the umask.
    file.set_permissions(Permissions::from_mode(mode))?;
    file.sync_all()
}

fn sync_directory(path: &Path) -> Result<(), DiskError> {
    let directory = path.parent().unwrap_or(Path::new("."));
    File::open(directory)
        .and_then(|opened| opened.sync_all())
        .map_err(|source| DiskError::from_io("sync", directory, source))
}

#[cfg(test)]
mod tests;
