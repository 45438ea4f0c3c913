//! A stack's folder on disk.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::files::{FILE_BYTES_MAX, FileError, Files};

/// A folder on disk that holds a stack.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Returns the folder at a path; nothing is read yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Folder { path: path.into() }
    }

    /// Returns where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Files for Folder {
    fn list(&self, folder: &str) -> Result<Vec<String>, FileError> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.path.join(folder)).map_err(refused)? {
            let entry = entry.map_err(refused)?;
            // A link counts as what it points to; one that points nowhere stays, so that it is reported.
            let is_folder = fs::metadata(entry.path()).is_ok_and(|found| found.is_dir());
            if let (false, Ok(name)) = (is_folder, entry.file_name().into_string()) {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    fn read(&self, path: &str) -> Result<String, FileError> {
        read(&self.path.join(path))
    }
}

/// Returns the text of a file.
///
/// # Errors
///
/// When the file cannot be read as text.
pub fn read(path: &Path) -> Result<String, FileError> {
    // Asked before opening: opening a pipe would wait for its writer.
    if !fs::metadata(path).map_err(refused)?.is_file() {
        return Err(FileError::NotAFile);
    }
    let mut bytes = Vec::new();
    File::open(path)
        .map_err(refused)?
        .take(FILE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(refused)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(FileError::TooLarge);
    }
    String::from_utf8(bytes).map_err(not_utf8)
}

fn not_utf8(error: std::string::FromUtf8Error) -> FileError {
    let valid_up_to = error.utf8_error().valid_up_to();
    let mut bytes = error.into_bytes();
    bytes.truncate(valid_up_to);
    FileError::NotUtf8 {
        valid: String::from_utf8_lossy(&bytes).into_owned(),
    }
}

fn refused(error: std::io::Error) -> FileError {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => FileError::Missing,
        _ => FileError::Unreadable(error),
    }
}
