//! Tests of what only this store promises: files, processes, damage.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::*;
use crate::conformance::{OpenStore, SharedStore, sample};
use crate::contract::Lease;
use crate::stores::embedded::folder::Folder;
use crate::stores::embedded::mark::{Mark, MarkFile};

mod damage;
mod disk;
mod files;
mod killed;
mod processes;

/// A folder that goes with the test.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Place(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("local/state")
    }

    fn request(&self) -> OpenRequest {
        request(&self.path())
    }

    fn open(&self) -> EmbeddedStore {
        open(&self.request()).unwrap()
    }

    /// Returns what the mark says while nobody has the store.
    fn mark(&self) -> Mark {
        MarkFile::open(&Folder::at(&self.path())).unwrap().1.unwrap()
    }

    /// Makes the store look as after a crash: not settled, so that sled recovers it by itself.
    fn unsettle(&self) {
        let (file, mark) = MarkFile::open(&Folder::at(&self.path())).unwrap();
        let mark = Mark {
            settled: None,
            ..mark.unwrap()
        };
        file.write(mark).unwrap();
    }

    /// Returns all files and their contents, but for the one that a reader leaves no trace in.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(&self.path(), &mut files);
        files
    }
}

fn request(path: &Path) -> OpenRequest {
    OpenRequest {
        path: path.to_owned(),
        holder: "jo@laptop, process 1".to_owned(),
        now: sample::at(0),
    }
}

fn collect(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap().is_dir() {
            true => collect(&entry.path(), files),
            false => {
                files.insert(entry.path(), fs::read(entry.path()).unwrap());
            }
        }
    }
}

/// Takes the lease and begins a state with that many records, each in a commit of its own.
async fn fill(store: &EmbeddedStore, records: usize) -> Lease {
    let lease = store
        .acquire(&sample::request("jo@laptop, process 1", sample::at(0)))
        .await
        .unwrap();
    store.initialize(lease.epoch, &sample::header()).await.unwrap();
    for number in 0..records {
        let commit = sample::put(&format!("r{number}"), 1);
        store.commit(lease.epoch, &commit).await.unwrap();
    }
    lease
}

#[async_trait]
impl OpenStore for Place {
    async fn open(&self) -> SharedStore {
        Arc::new(Place::open(self))
    }
}

crate::conformance_suite!(Place::new());
