//! The file of one secret: what made it, whose it is, and its sealed versions.

use std::path::{Path, PathBuf};

use infra_model::digest::Digest;
use infra_model::sealing::Sealed;
use infra_model::value::Value;
use serde::{Deserialize, Serialize};

use crate::host::disk::DiskError;
use crate::host::folder;

const FORMAT: u32 = 1;

/// A secret as its file holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecretFile {
    format: u32,
    /// Whose it is: the text of an ownership tag.
    pub tag: String,
    /// Its name in the environment.
    pub name: String,
    /// How it was generated; null if it was given.
    pub generate: Value,
    /// How often it was rotated on demand.
    pub rotation: i64,
    /// Its versions, the newest last; never empty.
    pub versions: Vec<Sealed>,
}

/// A secret's file cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The disk refuses.
    #[error("The file of a secret cannot be read or written")]
    Disk(#[from] DiskError),
    /// It is not such a file.
    #[error("`{}` is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A newer engine wrote it.
    #[error("`{}` has format {found}, this engine reads format {FORMAT}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The format found.
        found: u32,
    },
}

impl SecretFile {
    /// Returns the file of a new secret.
    #[must_use]
    pub fn new(tag: String, name: String, generate: Value, rotation: i64, first: Sealed) -> Self {
        SecretFile {
            format: FORMAT,
            tag,
            name,
            generate,
            rotation,
            versions: vec![first],
        }
    }

    /// Returns the newest version.
    #[must_use]
    pub fn newest(&self) -> Option<&Sealed> {
        self.versions.last()
    }

    /// Reads the file of a secret, if there is one.
    ///
    /// # Errors
    ///
    /// When it is there and cannot be read.
    pub fn read(folder: &Path, name: &str) -> Result<Option<Self>, FileError> {
        let path = path(folder, name);
        let Some(bytes) = folder::read_if_present(&path)? else {
            return Ok(None);
        };
        let damaged = |source| FileError::Damaged {
            path: path.clone(),
            source,
        };
        let file: SecretFile = serde_json::from_slice(&bytes).map_err(damaged)?;
        if file.format != FORMAT {
            return Err(FileError::Newer {
                path,
                found: file.format,
            });
        }
        Ok(Some(file))
    }

    /// Makes the file, durably and as a whole; says no when there is one by now, which then stays.
    ///
    /// # Errors
    ///
    /// When the disk refuses; there is no new file then.
    pub fn create(&self, folder: &Path) -> Result<bool, FileError> {
        let (path, bytes) = self.prepare(folder)?;
        Ok(folder::create_private(&path, &bytes)?)
    }

    /// Writes the file, durably and as a whole.
    ///
    /// # Errors
    ///
    /// When the disk refuses; the old file is then still there.
    pub fn write(&self, folder: &Path) -> Result<(), FileError> {
        let (path, bytes) = self.prepare(folder)?;
        folder::write_private(&path, &bytes)?;
        Ok(())
    }

    fn prepare(&self, folder: &Path) -> Result<(PathBuf, Vec<u8>), FileError> {
        folder::private_directory(folder)?;
        let path = path(folder, &self.name);
        match serde_json::to_vec(self) {
            Ok(bytes) => Ok((path, bytes)),
            Err(source) => Err(FileError::Damaged { path, source }),
        }
    }

    /// Removes what a crash left beside the file of a secret, or in its place; and the folder if nothing else is in it.
    ///
    /// # Errors
    ///
    /// When the disk refuses.
    pub fn tidy(folder: &Path, name: &str) -> Result<(), FileError> {
        folder::remove_draft(&path(folder, name))?;
        folder::remove_if_empty(folder)?;
        Ok(())
    }

    /// Removes the file of a secret with what a crash left of it, and the folder with the last one.
    ///
    /// # Errors
    ///
    /// When the disk refuses.
    pub fn remove(folder: &Path, name: &str) -> Result<(), FileError> {
        folder::remove_with_draft(&path(folder, name))?;
        folder::remove_if_empty(folder)?;
        Ok(())
    }
}

/// Names may hold anything, file names may not: the digest keeps them apart, the readable part is for people.
fn path(folder: &Path, name: &str) -> PathBuf {
    let readable: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "._-".contains(c) {
                c
            } else {
                '_'
            }
        })
        .take(80)
        .collect();
    folder.join(format!("{readable}-{}.json", Digest::of(name.as_bytes()).short()))
}
