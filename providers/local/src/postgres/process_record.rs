//! Remembers which process serves a folder, and finds it again when the engine died before it could write that down.

use std::fs;
use std::path::{Path, PathBuf};

use infra_provider::ownership::OwnershipTag;

use crate::host::disk::DiskError;
use crate::host::folder;
use crate::host::process::find::{self, Owned};
use crate::host::process::{self, Identity, ProcessError};

/// The file in a server's folder that names its process.
const FILE: &str = "process.json";

/// Writes down which process serves a folder.
///
/// # Errors
/// [`DiskError`] when it cannot be written.
pub fn write(folder: &Path, identity: &Identity) -> Result<(), DiskError> {
    let path = path(folder);
    let text =
        serde_json::to_vec(identity).map_err(|error| DiskError::from_io("write", &path, error.into()))?;
    folder::write_private(&path, &text)
}

/// Forgets the process that served a folder.
///
/// # Errors
/// [`DiskError`] when the file is there and stays.
pub fn remove(folder: &Path) -> Result<(), DiskError> {
    folder::remove_file(&path(folder))
}

/// Returns the process that was written down, if it still runs.
///
/// # Errors
/// [`ProcessError`] when the process file system cannot be read.
pub fn recorded(folder: &Path) -> Result<Option<Identity>, ProcessError> {
    let written: Option<Identity> = fs::read(path(folder))
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok());
    match written {
        Some(identity) if process::is_alive(&identity)? => Ok(Some(identity)),
        _ => Ok(None),
    }
}

/// Searches all processes of this machine for a program that carries the ownership tag of a resource.
///
/// The token in the tag does not count: an attempt that was repeated left one with another token.
///
/// # Errors
/// [`ProcessError`] when the process file system cannot be read.
pub fn search(owner: &str, program: &str) -> Result<Option<Identity>, ProcessError> {
    let mut servers = find::outermost(carrying(owner)?)
        .into_iter()
        .map(|owned| owned.identity);
    // A command that the server ran carries the tag too and may outlive it.
    Ok(servers.find(|identity| identity.executable.ends_with(program)))
}

/// Returns all processes of a program that carry the ownership tag of a resource, whatever its token.
///
/// # Errors
/// [`ProcessError`] when the process file system cannot be read.
pub fn search_all(owner: &str, program: &str) -> Result<Vec<Identity>, ProcessError> {
    let all = carrying(owner)?.into_iter().map(|owned| owned.identity);
    Ok(all
        .filter(|identity| identity.executable.ends_with(program))
        .collect())
}

fn carrying(owner: &str) -> Result<Vec<Owned>, ProcessError> {
    let Ok(tag) = owner.parse::<OwnershipTag>() else {
        return find::owned_by(owner);
    };
    let mut found = find::owned_under(&format!("{} ", tag.lineage))?;
    found.retain(|process| {
        let other = process.owner.parse();
        other.is_ok_and(|other| is_same_resource(&tag, &other))
    });
    Ok(found)
}

fn is_same_resource(one: &OwnershipTag, other: &OwnershipTag) -> bool {
    one.lineage == other.lineage && one.address == other.address
}

fn path(folder: &Path) -> PathBuf {
    folder.join(FILE)
}
