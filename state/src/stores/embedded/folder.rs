//! The folder that holds the database, and the plain files beside it.
//!
//! | File | Says |
//! | --- | --- |
//! | `format` | the version of everything here; read before anything else is touched |
//! | `lock` | locked by the one process that has the database; the kernel frees it when that process dies |
//! | `lease.json` | who that is and until when its lease runs; without the lock it says nothing |
//! | `mark` | see [`super::mark`] |
//! | `database/` | the database |

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use infra_model::clock::Timestamp;
use serde::{Deserialize, Serialize};

use crate::contract::STATE_FORMAT;
use crate::stores::embedded::database::sync_folder;
use crate::stores::embedded::failure::Failure;

const FORMAT_LINE: &str = "infra state, format ";

/// The folder of a store.
#[derive(Clone, Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Returns the folder at this path, whether it exists or not.
    pub(super) fn at(path: &Path) -> Self {
        Folder(path.to_owned())
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn database(&self) -> PathBuf {
        self.0.join("database")
    }

    pub(super) fn mark(&self) -> PathBuf {
        self.0.join("mark")
    }

    fn lease(&self) -> PathBuf {
        self.0.join("lease.json")
    }

    fn format(&self) -> PathBuf {
        self.0.join("format")
    }

    /// Tells whether a store was made here, and refuses one of a newer format.
    pub(super) fn has_store(&self) -> Result<bool, Failure> {
        let path = self.format();
        let text = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return self.refuse_remains(),
            Err(error) => return Err(Failure::io("read", &path, &error)),
        };
        let number = std::str::from_utf8(&text)
            .ok()
            .and_then(|text| text.strip_prefix(FORMAT_LINE));
        match number.and_then(|number| number.trim_end().parse().ok()) {
            Some(found) if found > STATE_FORMAT => Err(Failure::Newer { found }),
            Some(_) => Ok(true),
            None => Err(Failure::damaged(&path, "the text is not a format")),
        }
    }

    /// The format is written first of all: a database without it lost the file, and nobody knows its format.
    fn refuse_remains(&self) -> Result<bool, Failure> {
        if self.database().exists() {
            return Err(Failure::damaged(&self.0, "the file `format` is missing"));
        }
        Ok(false)
    }

    /// Makes the folder, for its owner alone. Durable when it returns.
    pub(super) fn create(&self) -> Result<(), Failure> {
        let failed = Failure::on("written", &self.0);
        let made: Vec<&Path> = self.0.ancestors().take_while(|path| !path.exists()).collect();
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.0)
            .map_err(failed)?;
        for path in made {
            if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
                sync_folder(parent)?;
            }
        }
        Ok(())
    }

    /// Writes the format of a new store. Durable when it returns.
    pub(super) fn write_format(&self) -> Result<(), Failure> {
        let text = format!("{FORMAT_LINE}{STATE_FORMAT}\n");
        write_whole(&self.format(), text.as_bytes(), Durability::Durable)
    }

    /// Takes the lock, or says who has it.
    pub(super) fn lock(&self, now: Timestamp) -> Result<File, Failure> {
        let path = self.0.join("lock");
        let failed = Failure::on("opened", &path);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(&failed)?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(self.holder(now)),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    fn holder(&self, now: Timestamp) -> Failure {
        let said = fs::read(self.lease()).ok();
        let note: Option<LeaseNote> = said.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        match note {
            Some(note) => Failure::Held {
                holder: note.holder,
                until: note.until.unwrap_or(now),
            },
            None => Failure::Held {
                holder: "another process".to_owned(),
                until: now,
            },
        }
    }

    /// Tells others who has the store. They only read it to say so: where it cannot be written, they know less.
    pub(super) fn note(&self, note: &LeaseNote) {
        if let Ok(text) = serde_json::to_vec(note) {
            let _ = write_whole(&self.lease(), &text, Durability::Fleeting);
        }
    }

    /// Takes the note away. One that stays behind says nothing without the lock.
    pub(super) fn remove_note(&self) {
        let _ = fs::remove_file(self.lease());
    }
}

/// Who has a store, for those who wait for it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct LeaseNote {
    /// Who.
    pub(super) holder: String,
    /// Until when its lease runs; none while it only reads.
    pub(super) until: Option<Timestamp>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Durability {
    Durable,
    Fleeting,
}

/// Replaces a file as a whole.
fn write_whole(path: &Path, bytes: &[u8], durability: Durability) -> Result<(), Failure> {
    let failed = Failure::on("written", path);
    let new = path.with_extension("new");
    let mut file = File::create(&new).map_err(&failed)?;
    file.write_all(bytes).map_err(&failed)?;
    if durability == Durability::Durable {
        file.sync_all().map_err(&failed)?;
    }
    fs::rename(&new, path).map_err(&failed)?;
    match path.parent() {
        Some(parent) if durability == Durability::Durable => sync_folder(parent),
        _ => Ok(()),
    }
}
