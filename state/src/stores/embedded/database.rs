//! The only module that names sled: opening, reading, and writing batches that are durable.
//!
//! What sled does not do by itself, and is done here:
//!
//! - Its flush calls `sync_file_range`, which outlives a killed process but not a power cut. Its data file is
//!   opened a second time and synced after every flush.
//! - Its periodic flush is off: nothing is acknowledged before it is durable, so there is nothing to flush later.
//! - Large values go to files of their own, which it does not sync at all. They are synced here.
//! - A process that is killed while it writes a snapshot leaves a part of it, which sled takes for the newest one
//!   and refuses to open. Such remains are removed before it looks.
//! - It reports a damaged file as an error, or panics. The thread that owns the store catches panics.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::stores::embedded::failure::Failure;

/// Enough for the pages that are being changed. What was read is not read again, so more would only be memory.
const CACHE_BYTES: u64 = 32 * 1024 * 1024;

/// Writes of one batch: framed values, or nothing for a removal.
pub(super) type Writes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// A key and its framed value.
#[derive(Debug)]
pub(super) struct Pair((sled::IVec, sled::IVec));

impl Pair {
    pub(super) fn key(&self) -> &[u8] {
        &self.0.0
    }

    pub(super) fn framed(&self) -> &[u8] {
        &self.0.1
    }
}

/// An open database.
#[derive(Debug)]
pub(super) struct Database {
    sled: sled::Db,
    data: File,
    path: PathBuf,
    synced_blobs: BTreeSet<OsString>,
}

/// Returns the path of the data file in a database's folder.
pub(super) fn data_file(path: &Path) -> PathBuf {
    path.join("db")
}

impl Database {
    /// Opens the database in this folder, or makes one. The caller holds the store's lock.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        remove_remains(path)?;
        let sled = open_patiently(path)?;
        let data_path = data_file(path);
        let data = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&data_path)
            .map_err(Failure::on("opened", &data_path))?;
        Ok(Database {
            sled,
            data,
            path: path.to_owned(),
            synced_blobs: BTreeSet::new(),
        })
    }

    /// Returns the value under a key.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        let value = self.sled.get(key).map_err(|error| self.sort("read", error))?;
        Ok(value.map(|value| value.to_vec()))
    }

    /// Visits pairs whose keys begin with `space`, in order, from `from` on. After `limit` of them
    /// it stops and returns the key to go on from.
    pub(super) fn scan(
        &self,
        space: u8,
        from: &[u8],
        limit: usize,
        mut visit: impl FnMut(Pair) -> Result<(), Failure>,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let end = [space + 1];
        let range = (Bound::Included(from), Bound::Excluded(&end[..]));
        for (count, pair) in self.sled.range::<&[u8], _>(range).enumerate() {
            let pair = Pair(pair.map_err(|error| self.sort("read", error))?);
            if count == limit {
                return Ok(Some(pair.key().to_vec()));
            }
            visit(pair)?;
        }
        Ok(None)
    }

    /// Visits everything for the effect that reading has: sled splits pages that it finds too large.
    pub(super) fn read_through(&self) -> Result<(), Failure> {
        let mut pairs = self.sled.iter();
        pairs
            .try_for_each(|pair| pair.map(|_| ()))
            .map_err(|error| self.sort("read", error))
    }

    /// Writes a batch as a whole. It is on the disk when this returns.
    pub(super) fn write(&mut self, writes: Writes) -> Result<(), Failure> {
        let mut batch = sled::Batch::default();
        for (key, value) in writes {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        self.sled
            .apply_batch(batch)
            .map_err(|error| self.sort("written", error))?;
        self.sled.flush().map_err(|error| self.sort("written", error))?;
        self.sync_blobs()?;
        self.data.sync_data().map_err(Failure::on("written", &self.path))
    }

    /// Syncs the files of large values that are new. Their names are never used twice.
    fn sync_blobs(&mut self) -> Result<(), Failure> {
        let folder = self.path.join("blobs");
        let failed = Failure::on("written", &folder);
        let mut new = false;
        for blob in fs::read_dir(&folder).map_err(&failed)? {
            let blob = blob.map_err(&failed)?;
            if self.synced_blobs.insert(blob.file_name()) {
                match File::open(blob.path()).and_then(|file| file.sync_all()) {
                    // sled deletes large values that were replaced from another thread.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    synced => synced.map_err(&failed)?,
                }
                new = true;
            }
        }
        if new { sync_folder(&folder) } else { Ok(()) }
    }

    fn sort(&self, attempt: &'static str, error: sled::Error) -> Failure {
        sort(attempt, &self.path, error)
    }
}

/// Removes snapshots that were not finished.
fn remove_remains(path: &Path) -> Result<(), Failure> {
    let failed = Failure::on("opened", path);
    let files = match fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        files => files.map_err(&failed)?,
    };
    for file in files {
        let file = file.map_err(&failed)?.path();
        if file
            .extension()
            .is_some_and(|extension| extension == "generating")
        {
            fs::remove_file(&file).map_err(&failed)?;
        }
    }
    Ok(())
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(path: &Path) -> Result<(), Failure> {
    let synced = File::open(path).and_then(|folder| folder.sync_all());
    synced.map_err(Failure::on("written", path))
}

/// A database that was just closed by this process may still be held by one of sled's threads for a moment.
fn open_patiently(path: &Path) -> Result<sled::Db, Failure> {
    const ATTEMPTS: u32 = 200;
    let config = sled::Config::new()
        .path(path)
        .mode(sled::Mode::LowSpace)
        .cache_capacity(CACHE_BYTES)
        .flush_every_ms(None);
    for _ in 1..ATTEMPTS {
        match config.open() {
            Err(sled::Error::Io(error)) if is_lock(&error) => thread::sleep(Duration::from_millis(5)),
            opened => return opened.map_err(|error| sort("opened", path, error)),
        }
    }
    config.open().map_err(|error| sort("opened", path, error))
}

/// sled wraps the refusal of its lock into text.
fn is_lock(error: &io::Error) -> bool {
    error.to_string().starts_with("could not acquire lock")
}

fn sort(attempt: &'static str, path: &Path, error: sled::Error) -> Failure {
    match error {
        sled::Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Failure::damaged(path, "the database is cut short")
        }
        sled::Error::Io(error) => Failure::io(attempt, path, &error),
        sled::Error::Corruption { .. } => Failure::damaged(path, "the database is damaged"),
        sled::Error::CollectionNotFound(_) | sled::Error::Unsupported(_) | sled::Error::ReportableBug(_) => {
            Failure::damaged(path, format!("the database cannot be read ({error})"))
        }
    }
}
