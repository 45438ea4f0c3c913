//! The files of a stack: where they come from, and what can be wrong with them before a word is read.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use infra_model::diagnostic::{Diagnostic, SourceMap, Span};

pub mod folder;

/// The largest file that is read, in bytes: a thousand times the size of a large stack.
pub const FILE_BYTES_MAX: u64 = 64 << 20;

/// Gives the files of a stack. Paths are relative to the stack's folder and use `/`.
pub trait Files {
    /// Returns the names of the files directly in a folder, in order; the stack's own folder is the empty path.
    ///
    /// # Errors
    ///
    /// When the folder does not exist or cannot be listed.
    fn list(&self, folder: &str) -> Result<Vec<String>, FileError>;

    /// Returns the text of a file.
    ///
    /// # Errors
    ///
    /// When the file cannot be read as text.
    fn read(&self, path: &str) -> Result<String, FileError>;
}

/// A file or folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It does not exist, or no longer.
    #[error("It does not exist")]
    Missing,
    /// The system refuses to read it.
    #[error("It cannot be read")]
    Unreadable(#[source] io::Error),
    /// It is a folder, a pipe or a device.
    #[error("It is not a regular file")]
    NotAFile,
    /// Its bytes are not UTF-8.
    #[error("Byte {} is not UTF-8", valid.len())]
    NotUtf8 {
        /// The text up to the first bad byte.
        valid: String,
    },
    /// It is larger than [`FILE_BYTES_MAX`].
    #[error("It is larger than {} MiB", FILE_BYTES_MAX >> 20)]
    TooLarge,
}

/// Files that were already read, by their path.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The text of each file.
    pub files: BTreeMap<String, String>,
}

impl Sources {
    /// Returns these files.
    #[must_use]
    pub fn new<P: Into<String>, T: Into<String>>(files: impl IntoIterator<Item = (P, T)>) -> Self {
        Sources {
            files: files
                .into_iter()
                .map(|(path, text)| (path.into(), text.into()))
                .collect(),
        }
    }
}

impl Files for Sources {
    fn list(&self, folder: &str) -> Result<Vec<String>, FileError> {
        let prefix = if folder.is_empty() {
            String::new()
        } else {
            format!("{folder}/")
        };
        let inside: BTreeSet<&str> = self
            .files
            .keys()
            .filter_map(|path| path.strip_prefix(&prefix))
            .collect();
        if inside.is_empty() {
            return Err(FileError::Missing);
        }
        Ok(inside
            .into_iter()
            .filter(|name| !name.contains('/'))
            .map(str::to_owned)
            .collect())
    }

    fn read(&self, path: &str) -> Result<String, FileError> {
        self.files.get(path).cloned().ok_or(FileError::Missing)
    }
}

/// Returns the diagnostic for a file that was listed but cannot be read; a file with a bad byte joins `sources`
/// up to that byte, so that the place can be shown.
#[must_use]
pub fn unreadable(path: &str, error: FileError, sources: &mut SourceMap) -> Diagnostic {
    let file = format!("`{path}`");
    match error {
        FileError::Missing => Diagnostic::error("File vanished", format!("{file} was listed and is gone"))
            .hint("Another program changes this folder; try again when it is done"),
        FileError::Unreadable(cause) => {
            Diagnostic::error("Unreadable file", format!("{file} cannot be read: {cause}"))
        }
        FileError::NotAFile => Diagnostic::error("Unreadable file", format!("{file} is not a regular file")),
        FileError::TooLarge => Diagnostic::error(
            "File too large",
            format!("{file} is larger than {} MiB", FILE_BYTES_MAX >> 20),
        )
        .hint("Declare many alike components with `for_each`: it is read once"),
        FileError::NotUtf8 { valid } => {
            let byte = valid.len();
            let source = sources.add(path, valid);
            let at = u32::try_from(byte).unwrap_or(u32::MAX);
            Diagnostic::error(
                "Invalid UTF-8",
                format!("Byte {byte} of {file}, counted from 0, is not UTF-8"),
            )
            .at(Span {
                source,
                start: at,
                end: at,
            })
            .hint("Save the file as UTF-8")
        }
    }
}
