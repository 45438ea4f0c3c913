//! The file in a server's folder that says whose it is and how far it came.
//!
//! It is written before anything else in the folder and again after the last step, so a folder without one, or with
//! another's, is never touched, and one that is half made is known to be.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use thiserror::Error;

use infra_provider::ownership::OwnershipTag;

use crate::host::disk::DiskError;
use crate::host::folder;

/// The version of the file's form.
const FORMAT: u32 = 1;
/// The file's name in a folder.
const FILE: &str = "infra.json";

/// How far a folder came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Its creation has not finished.
    Making,
    /// It is whole.
    Made,
    /// Its removal has begun; what is left is worth nothing.
    Removing,
}

/// Whose a folder is, how far it came, and what was last applied to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker<Applied> {
    /// The version of the form.
    pub format: u32,
    /// The ownership tag; the server's processes carry the same text.
    pub owner: String,
    /// How far it came.
    pub phase: Phase,
    /// What was applied last; it holds no secret.
    pub applied: Applied,
}

impl<Applied> Marker<Applied> {
    /// Returns the marker of a folder that is about to be made.
    pub fn making(tag: &OwnershipTag, applied: Applied) -> Self {
        Self {
            format: FORMAT,
            owner: tag.to_string(),
            phase: Phase::Making,
            applied,
        }
    }

    /// Says whether it belongs to the same resource of the same state; the token differs after a repeated create.
    pub fn is_owned_by(&self, tag: &OwnershipTag) -> bool {
        let own: Option<OwnershipTag> = self.owner.parse().ok();
        own.is_some_and(|own| own.lineage == tag.lineage && own.address == tag.address)
    }
}

/// Why a folder cannot be used.
#[derive(Debug, Error)]
pub enum MarkerError {
    /// It holds something, but nothing says that it is ours.
    #[error("The folder `{}` is not empty and was not made by infra", .folder.display())]
    Foreign {
        /// The folder.
        folder: PathBuf,
    },
    /// It belongs to another resource.
    #[error("The folder `{}` belongs to `{owner}`", .folder.display())]
    Other {
        /// The folder.
        folder: PathBuf,
        /// Whose it is.
        owner: String,
    },
    /// A newer engine made it.
    #[error("The folder `{}` was made by a newer version of infra", .folder.display())]
    Newer {
        /// The folder.
        folder: PathBuf,
    },
    /// The marker cannot be understood.
    #[error("The file `{}` is damaged", .file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The operating system refused.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

impl MarkerError {
    /// Returns what the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Foreign { folder } | Self::Other { folder, .. } => Some(format!(
                "Nothing in it was touched; move it away: {}",
                folder.display()
            )),
            Self::Newer { .. } => Some("Use the version of infra that made it, or a newer one".to_owned()),
            Self::Damaged { file, .. } => Some(format!("Restore the file from a copy: {}", file.display())),
            Self::Disk(error) => error.hint(),
        }
    }
}

/// Reads a folder's marker; `None` when there is no folder or nothing in it.
///
/// # Errors
/// [`MarkerError`] when something foreign is there.
pub fn read<Applied: DeserializeOwned>(folder: &Path) -> Result<Option<Marker<Applied>>, MarkerError> {
    let file = folder.join(FILE);
    let Some(bytes) = folder::read_if_present(&file)? else {
        return if is_vacant(folder)? {
            Ok(None)
        } else {
            Err(MarkerError::Foreign {
                folder: folder.to_owned(),
            })
        };
    };
    let damaged = |source| MarkerError::Damaged {
        file: file.clone(),
        source,
    };
    let version: Format = serde_json::from_slice(&bytes).map_err(damaged)?;
    if version.format > FORMAT {
        return Err(MarkerError::Newer {
            folder: folder.to_owned(),
        });
    }
    serde_json::from_slice(&bytes).map(Some).map_err(damaged)
}

/// Reads the marker of a folder that is ours or vacant.
///
/// # Errors
/// [`MarkerError::Other`] when it carries another owner's tag, and whatever [`read`] finds.
pub fn read_own<Applied: DeserializeOwned>(
    folder: &Path,
    tag: &OwnershipTag,
) -> Result<Option<Marker<Applied>>, MarkerError> {
    match read::<Applied>(folder)? {
        Some(marker) if !marker.is_owned_by(tag) => Err(MarkerError::Other {
            folder: folder.to_owned(),
            owner: marker.owner,
        }),
        found => Ok(found),
    }
}

/// Writes a folder's marker, making the folder if need be.
///
/// # Errors
/// [`DiskError`]; the old marker is then still there.
pub fn write<Applied: Serialize>(folder: &Path, marker: &Marker<Applied>) -> Result<(), DiskError> {
    folder::private_directory(folder)?;
    let file = folder.join(FILE);
    let text = serde_json::to_vec_pretty(&Written { marker, home: folder })
        .map_err(|error| DiskError::from_io("write", &file, error.into()))?;
    folder::write_private(&file, &text)
}

/// Removes a folder in which nothing is, or only the draft of a marker whose writing was cut short.
///
/// # Errors
/// [`MarkerError`] when something foreign is there.
pub fn remove_vacant(folder: &Path) -> Result<(), MarkerError> {
    if is_vacant(folder)? {
        remove(folder)?;
    }
    Ok(())
}

/// Removes a folder of ours, its marker last, so that a crash in between leaves something known to be ours.
///
/// # Errors
/// [`DiskError`] naming what could not be removed.
pub fn remove(folder: &Path) -> Result<(), DiskError> {
    let read = |source| DiskError::from_io("read", folder, source);
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(read(source)),
    };
    for entry in entries {
        let entry = entry.map_err(read)?;
        if entry.file_name() == FILE {
            continue;
        }
        if entry.file_type().map_err(read)?.is_dir() {
            folder::remove_tree(&entry.path())?;
        } else {
            folder::remove_file(&entry.path())?;
        }
    }
    folder::remove_tree(folder)
}

/// Returns the folder in which a marker was written; another one than it is in when it was copied or moved since.
///
/// # Errors
/// [`MarkerError`] when it cannot be read.
pub fn home(folder: &Path) -> Result<Option<PathBuf>, MarkerError> {
    let file = folder.join(FILE);
    let Some(bytes) = folder::read_if_present(&file)? else {
        return Ok(None);
    };
    let found: Home =
        serde_json::from_slice(&bytes).map_err(|source| MarkerError::Damaged { file, source })?;
    Ok(found.home)
}

/// Says whether a folder was moved since its marker was written; what runs in it has old paths then.
///
/// # Errors
/// [`MarkerError`] when the marker cannot be read.
pub fn has_moved(folder: &Path) -> Result<bool, MarkerError> {
    Ok(home(folder)?.is_some_and(|home| home != folder))
}

/// A marker as it is written.
#[derive(Serialize)]
struct Written<'a, Applied> {
    #[serde(flatten)]
    marker: &'a Marker<Applied>,
    home: &'a Path,
}

#[derive(Deserialize)]
struct Home {
    home: Option<PathBuf>,
}

/// The part of a marker that every version has.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// A folder in which only a draft of the marker is was left by an engine that was killed at its first write.
fn is_vacant(folder: &Path) -> Result<bool, DiskError> {
    let read = |source| DiskError::from_io("read", folder, source);
    match std::fs::read_dir(folder) {
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => Ok(true),
        Err(source) => Err(read(source)),
        Ok(mut entries) => Ok(entries.all(|entry| {
            entry.is_ok_and(|entry| entry.file_name().to_string_lossy() == format!(".{FILE}.new"))
        })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(lineage: &str) -> OwnershipTag {
        format!("{lineage} t1 postgres.main/local.postgres.server.primary")
            .parse()
            .unwrap()
    }

    #[test]
    fn what_was_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let marker = Marker::making(&tag("l1"), 7_u32);
        write(folder.path(), &marker).unwrap();
        assert_eq!(read_own(folder.path(), &tag("l1")).unwrap(), Some(marker));
    }

    #[test]
    fn a_folder_that_is_absent_or_has_only_a_draft_is_vacant() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read::<u32>(&folder.path().join("none")).unwrap(), None);
        std::fs::write(folder.path().join(".infra.json.new"), "{").unwrap();
        assert_eq!(read::<u32>(folder.path()).unwrap(), None);
        remove_vacant(folder.path()).unwrap();
        assert!(!folder.path().exists());
    }

    #[test]
    fn a_folder_that_holds_something_is_not_vacant() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("notes"), "mine").unwrap();
        remove_vacant(folder.path()).unwrap();
        assert!(folder.path().join("notes").exists());
    }

    #[test]
    fn a_folder_that_was_moved_is_known_until_it_is_written_again() {
        let root = tempfile::tempdir().unwrap();
        let (old, new) = (root.path().join("old"), root.path().join("new"));
        let marker = Marker::making(&tag("l1"), 7_u32);
        write(&old, &marker).unwrap();
        assert!(!has_moved(&old).unwrap());
        std::fs::rename(&old, &new).unwrap();
        assert!(has_moved(&new).unwrap());
        assert_eq!(home(&new).unwrap(), Some(old));
        write(&new, &marker).unwrap();
        assert!(!has_moved(&new).unwrap());
    }

    #[test]
    fn anything_else_without_a_marker_is_foreign() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("PG_VERSION"), "16").unwrap();
        assert!(matches!(
            read::<u32>(folder.path()),
            Err(MarkerError::Foreign { .. })
        ));
    }

    #[test]
    fn another_owner_and_a_newer_form_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &Marker::making(&tag("other"), 1_u32)).unwrap();
        let error = read_own::<u32>(folder.path(), &tag("mine")).unwrap_err();
        assert!(error.to_string().contains("belongs to `other t1 "));
        std::fs::write(folder.path().join(FILE), r#"{"format": 99}"#).unwrap();
        assert!(matches!(
            read::<u32>(folder.path()),
            Err(MarkerError::Newer { .. })
        ));
        std::fs::write(folder.path().join(FILE), "{").unwrap();
        assert!(matches!(
            read::<u32>(folder.path()),
            Err(MarkerError::Damaged { .. })
        ));
    }

    #[test]
    fn a_removed_folder_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server");
        write(&path, &Marker::making(&tag("a"), 1_u32)).unwrap();
        std::fs::create_dir(path.join("data")).unwrap();
        remove(&path).unwrap();
        remove(&path).unwrap();
        assert!(!path.exists());
    }
}
