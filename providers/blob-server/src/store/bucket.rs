//! One bucket: its folder on disk, the index in memory, and the order of changes. A change is decided, made durable and
//! shown behind the lock of its blob, so of writers who race under a condition exactly one finds it true.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::StoreError;
use super::blob_file::{self, Draft, Finished, random_name};
use super::completions::Completions;
use super::disk::{DiskError, entries, make_folder, remove_file, remove_folder, sync_folder};
use super::index::{Index, ListRequest, NULL, Page, Version, id_of};
use super::upload;

/// The folder of a bucket's versions: in it 256 folders by the hash of the blob's name.
const BLOBS: &str = "blobs";
/// The folder of files that are being written.
const DRAFTS: &str = "drafts";
/// The folder of uploads in parts.
pub(super) const UPLOADS: &str = "uploads";
/// How many blobs can change at once. A change holds its lock for one or two syncs of a folder.
const LOCKS: usize = 64;

/// Whether what is overwritten or deleted is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// As versions.
    Versions,
    /// Only what was a version before.
    Nothing,
}

/// What must be true of a blob for a change of it to happen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Condition {
    /// Nothing.
    #[default]
    None,
    /// It does not exist.
    Absent,
    /// It exists, with whatever entity tag.
    Present,
    /// Its entity tag is this one.
    Tag(String),
    /// Its entity tag is not this one.
    NotTag(String),
    /// Its newest version has this place in the history.
    Still(u64),
}

/// What a deletion did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// Nothing was there, or nothing is left to tell of.
    Gone,
    /// This version is gone; the flag says whether it was a delete marker.
    Version(Arc<str>, bool),
    /// This delete marker was written.
    Marked(Arc<str>),
}

/// How far the opening of a bucket is: how many of its files were read.
#[derive(Debug, Default)]
pub struct Progress {
    /// How many were read.
    pub done: AtomicU64,
    /// How many there are; none before they were counted.
    pub of: AtomicU64,
}

/// A bucket.
#[derive(Debug)]
pub struct Bucket {
    folder: PathBuf,
    index: RwLock<Index>,
    locks: Vec<Mutex<()>>,
    sequence: AtomicU64,
    /// What became of its uploads.
    pub completions: Completions,
}

impl Bucket {
    /// Opens a bucket, making its folder if need be: drafts are removed, and the index is made from the files.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] names a file that is not whole, which no crash leaves.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        Self::open_watched(folder, &Progress::default())
    }

    /// As [`Bucket::open`], and tells whoever watches how far it is.
    ///
    /// # Errors
    /// As [`Bucket::open`].
    pub fn open_watched(folder: &Path, progress: &Progress) -> Result<Self, StoreError> {
        make_folder(folder)?;
        remove_folder(&folder.join(DRAFTS))?;
        for name in [BLOBS, DRAFTS, UPLOADS] {
            make_folder(&folder.join(name))?;
        }
        make_shards(&folder.join(BLOBS))?;
        let mut index = Index::default();
        let mut last = 0;
        let paths = version_paths(&folder.join(BLOBS))?;
        progress.of.store(paths.len() as u64, Ordering::Relaxed);
        for path in paths {
            let version = read_version(&path)?;
            last = last.max(version.sequence);
            index.add(version);
            progress.done.fetch_add(1, Ordering::Relaxed);
        }
        let bucket = Self {
            folder: folder.to_owned(),
            index: RwLock::new(index),
            locks: std::iter::repeat_with(Mutex::default).take(LOCKS).collect(),
            sequence: AtomicU64::new(last),
            completions: Completions::default(),
        };
        bucket.remove_overwritten()?;
        upload::remove_unbegun(&bucket)?;
        Ok(bucket)
    }

    /// A crash between the rename of a new file and the removal of the old one leaves two versions without an id.
    fn remove_overwritten(&self) -> Result<(), StoreError> {
        let keys: Vec<String> = self.index().keys().map(str::to_owned).collect();
        for key in keys {
            let versions = self.index().versions(&key).to_vec();
            let nulls: Vec<&Version> = versions.iter().filter(|version| version.is_null()).collect();
            for old in nulls.iter().rev().skip(1) {
                self.remove_version(old)?;
            }
        }
        Ok(())
    }

    /// Begins a file.
    ///
    /// # Errors
    /// [`StoreError::Disk`].
    pub async fn draft(&self) -> Result<Draft, StoreError> {
        Draft::begin(&self.drafts()).await
    }

    /// Returns the folder of files that are being written; what is in it at a start is removed.
    pub(super) fn drafts(&self) -> PathBuf {
        self.folder.join(DRAFTS)
    }

    /// Returns the folder of uploads in parts.
    #[must_use]
    pub(super) fn uploads(&self) -> PathBuf {
        self.folder.join(UPLOADS)
    }

    /// Returns a version of a blob, the newest if none is named.
    ///
    /// # Errors
    /// [`StoreError::NoSuchKey`] and [`StoreError::NoSuchVersion`]; [`StoreError::DeleteMarker`] when the version named is one.
    pub fn find(&self, key: &str, id: Option<&str>) -> Result<Version, StoreError> {
        let index = self.index();
        match id {
            None => {
                let newest = index.newest(key).filter(|newest| !newest.description.is_marker);
                newest.cloned().ok_or(StoreError::NoSuchKey)
            }
            Some(id) => {
                let version = index
                    .versions(key)
                    .iter()
                    .rev()
                    .find(|version| &*version.id == id);
                match version {
                    None => Err(StoreError::NoSuchVersion),
                    Some(version) if version.description.is_marker => Err(StoreError::DeleteMarker),
                    Some(version) => Ok(version.clone()),
                }
            }
        }
    }

    /// Says whether a delete marker is why a blob is not there.
    #[must_use]
    pub fn is_marked(&self, key: &str) -> bool {
        self.index()
            .newest(key)
            .is_some_and(|newest| newest.description.is_marker)
    }

    /// Opens the bytes of a version of a blob, the newest if none is named. They stay readable when it is overwritten.
    ///
    /// # Errors
    /// As [`Bucket::find`], and [`StoreError::Disk`].
    pub fn read(&self, key: &str, id: Option<&str>) -> Result<(Version, File), StoreError> {
        let mut before = None;
        loop {
            let version = self.find(key, id)?;
            let path = self.path_of(&version);
            match File::open(&path) {
                Ok(file) => return Ok((version, file)),
                // It was overwritten between two lines of this function.
                Err(error)
                    if error.kind() == std::io::ErrorKind::NotFound && before != Some(version.sequence) =>
                {
                    before = Some(version.sequence);
                }
                Err(error) => return Err(DiskError::from_io("open", &path)(error).into()),
            }
        }
    }

    /// Lists blobs.
    #[must_use]
    pub fn list(&self, request: &ListRequest) -> Page {
        self.index().list(request)
    }

    /// Lists versions.
    #[must_use]
    pub fn list_versions(&self, request: &ListRequest) -> Page {
        self.index().list_versions(request)
    }

    /// Makes a finished file the newest version of its blob, durably. Blocks for a sync or two.
    ///
    /// # Errors
    /// [`StoreError::Condition`] when it does not hold, [`StoreError::NoSuchKey`] when it speaks of a blob that is not there.
    pub fn commit(
        &self,
        finished: Finished,
        condition: &Condition,
        keep: Keep,
    ) -> Result<Version, StoreError> {
        let key = finished.description.key.clone();
        let _alone = self.lock(&key);
        self.check(&key, condition)?;
        self.add(finished, keep)
    }

    /// Deletes a blob, or one version of it for good. Blocks for a sync or two.
    ///
    /// # Errors
    /// As [`Bucket::commit`]; what is not there is success.
    pub fn delete(
        &self,
        key: &str,
        id: Option<&str>,
        condition: &Condition,
        keep: Keep,
    ) -> Result<Deleted, StoreError> {
        let _alone = self.lock(key);
        self.check(key, condition)?;
        if let Some(id) = id {
            return self.delete_version(key, id);
        }
        let versions = self.index().versions(key).to_vec();
        let is_kept = keep == Keep::Versions || versions.iter().any(|version| !version.is_null());
        if is_kept {
            let version = self.add(Finished::marker(&self.drafts(), key)?, keep)?;
            return Ok(Deleted::Marked(version.id));
        }
        for version in &versions {
            self.remove_version(version)?;
        }
        Ok(Deleted::Gone)
    }

    fn delete_version(&self, key: &str, id: &str) -> Result<Deleted, StoreError> {
        let versions = self.index().versions(key).to_vec();
        let mut was_marker = false;
        for version in versions.iter().filter(|version| &*version.id == id) {
            self.remove_version(version)?;
            was_marker = version.description.is_marker;
        }
        Ok(Deleted::Version(id.into(), was_marker))
    }

    fn check(&self, key: &str, condition: &Condition) -> Result<(), StoreError> {
        let found = self.find(key, None).ok();
        let tag = found.as_ref().map(|found| found.description.etag.as_str());
        let holds = match (condition, tag) {
            (Condition::None, _)
            | (Condition::Absent | Condition::NotTag(_), None)
            | (Condition::Present, Some(_)) => true,
            (Condition::Absent, Some(_)) => false,
            (Condition::Still(sequence), _) => {
                found.as_ref().is_some_and(|found| found.sequence == *sequence)
            }
            (Condition::Tag(wanted), Some(tag)) => wanted == tag,
            (Condition::NotTag(unwanted), Some(tag)) => unwanted != tag,
            (Condition::Present | Condition::Tag(_), None) => return Err(StoreError::NoSuchKey),
        };
        holds.then_some(()).ok_or(StoreError::Condition)
    }

    /// Names the file, waits for that to be durable, shows it, and removes what it overwrote.
    fn add(&self, finished: Finished, keep: Keep) -> Result<Version, StoreError> {
        let key = finished.description.key.clone();
        let sequence = self.sequence.fetch_add(1, Ordering::Relaxed) + 1;
        let id: Arc<str> = match keep {
            Keep::Nothing => NULL.into(),
            Keep::Versions => {
                let random = random_name().map_err(DiskError::from_io("name a version in", &self.folder))?;
                id_of(sequence, &random).into()
            }
        };
        let version = Version {
            sequence,
            id,
            description: finished.description.clone(),
        };
        let path = self.path_of(&version);
        let shard = path.parent().unwrap_or(&self.folder);
        finished.name(&path)?;
        if let Err(error) = sync_folder(shard) {
            // Nobody is told that it is stored, so it must not be there after the next start either.
            let _ = remove_file(&path);
            return Err(error.into());
        }
        let before = self.index().versions(&key).to_vec();
        self.index_mut().add(version.clone());
        if version.is_null() {
            for old in before.iter().filter(|old| old.is_null()) {
                self.remove_version(old)?;
            }
        }
        Ok(version)
    }

    /// Removes a version for good, durably. It leaves the index first: whoever finds it there must find its file.
    pub(super) fn remove_version(&self, version: &Version) -> Result<(), StoreError> {
        let path = self.path_of(version);
        self.index_mut()
            .remove(&version.description.key, version.sequence);
        let removed = remove_file(&path).and_then(|()| sync_folder(path.parent().unwrap_or(&self.folder)));
        if path.exists() {
            self.index_mut().add(version.clone());
        }
        Ok(removed?)
    }

    /// A blob's versions share a folder: when the removal of one is durable, that of those before it is too.
    pub(super) fn path_of(&self, version: &Version) -> PathBuf {
        let hash = blake3::hash(version.description.key.as_bytes()).to_hex();
        let name = format!("{}-{:016x}-{}", &hash[..32], version.sequence, version.id);
        self.folder.join(BLOBS).join(&hash[..2]).join(name)
    }

    pub(super) fn lock(&self, key: &str) -> MutexGuard<'_, ()> {
        let hash = blake3::hash(key.as_bytes());
        let lock = usize::from(hash.as_bytes()[1]) % LOCKS;
        // Nothing lies behind the lock that a panic could have left half changed.
        self.locks[lock].lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn index_mut(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the folders of versions, all at once: one that somebody else just made may not be durable yet, so nobody makes any
/// later.
fn make_shards(blobs: &Path) -> Result<(), DiskError> {
    for number in 0..=u8::MAX {
        let shard = blobs.join(format!("{number:02x}"));
        absent_was_made(std::fs::create_dir(&shard)).map_err(DiskError::from_io("make", &shard))?;
    }
    sync_folder(blobs)
}

fn absent_was_made(made: io::Result<()>) -> io::Result<()> {
    match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

fn version_paths(blobs: &Path) -> Result<Vec<PathBuf>, DiskError> {
    let mut paths = Vec::new();
    for shard in entries(blobs)? {
        paths.extend(entries(&shard)?);
    }
    Ok(paths)
}

fn read_version(path: &Path) -> Result<Version, StoreError> {
    let damaged = || StoreError::Damaged {
        path: path.to_owned(),
    };
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .ok_or_else(damaged)?;
    let mut parts = name.splitn(3, '-').skip(1);
    let (Some(sequence), Some(id)) = (parts.next(), parts.next()) else {
        return Err(damaged());
    };
    Ok(Version {
        sequence: u64::from_str_radix(sequence, 16).map_err(|_| damaged())?,
        id: id.into(),
        description: Arc::new(blob_file::read(path)?),
    })
}

#[cfg(test)]
mod tests;
