//! The fingerprint of a database's files: names, lengths and contents.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use infra_model::digest::{Digest, Hasher};

use crate::stores::embedded::failure::Failure;

const CHUNK_BYTES: usize = 256 * 1024;

/// Returns the fingerprint of all files in a folder and the folders in it.
pub(super) fn fingerprint(folder: &Path) -> Result<Digest, Failure> {
    let failed = Failure::on("read", folder);
    let mut files = Vec::new();
    list(folder, &mut files).map_err(&failed)?;
    files.sort();
    let mut hasher = Hasher::new();
    for file in files {
        let name = file.strip_prefix(folder).unwrap_or(&file);
        hasher.tagged(b'n', name.as_os_str().as_encoded_bytes());
        let digest = contents(&file).map_err(&failed)?;
        hasher.tagged(b'c', digest.as_bytes());
    }
    Ok(hasher.finish())
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => list(&entry.path(), files)?,
            false => files.push(entry.path()),
        }
    }
    Ok(())
}

fn contents(path: &Path) -> io::Result<Digest> {
    let file = File::open(path)?;
    let mut hasher = blake3::Hasher::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut at = 0;
    loop {
        match file.read_at(&mut chunk, at)? {
            0 => return Ok(Digest::from_bytes(*hasher.finalize().as_bytes())),
            read => {
                hasher.update(&chunk[..read]);
                at += read as u64;
            }
        }
    }
}
