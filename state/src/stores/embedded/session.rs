//! An open store: what is known in memory, what is staged for the next batch, and the batch itself.
//!
//! Changes are staged one after the other and written together, so that everybody who waits shares one sync. What
//! is staged counts at once for the next change; when the batch cannot be written, none of it was acknowledged and
//! the session refuses everything that follows.

use std::fs::File;
use std::path::PathBuf;

use infra_model::clock::Timestamp;
use infra_model::record::Serial;
use serde::de::DeserializeOwned;

use crate::contract::{Lease, StateHeader};
use crate::stores::embedded::OpenRequest;
use crate::stores::embedded::database::{Database, Writes};
use crate::stores::embedded::failure::Failure;
use crate::stores::embedded::folder::{Folder, LeaseNote};
use crate::stores::embedded::layout::{self, HEADER, POSITION, Position, Tally};
use crate::stores::embedded::opened::Opened;

/// What stays free on the disk, so that a state can still be opened and read when others have filled it.
const RESERVE_BYTES: u64 = 1024 * 1024;

/// What stays free when an intent is allowed: the outcomes of everything that runs must still find room.
const INTENT_RESERVE_BYTES: u64 = 4 * 1024 * 1024;

/// An open store, or one that was not made yet.
#[derive(Debug)]
pub(super) struct Session {
    folder: Folder,
    who: String,
    now: Timestamp,
    opened: Option<Opened>,
    broken: Option<Failure>,
    staged: Writes,
    staged_bytes: usize,
    written: Position,
    pub(super) position: Position,
    pub(super) header: Option<StateHeader>,
    pub(super) lease: Option<Lease>,
}

/// What a write is for, which decides how much must stay free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Something is about to be done.
    Intent,
    /// Something was done.
    Outcome,
}

impl Session {
    /// Opens the store if there is one. Where there is none, nothing is made before somebody takes the lease.
    pub(super) fn open(request: &OpenRequest) -> Result<Self, Failure> {
        let mut session = Session {
            folder: Folder::at(&request.path),
            who: request.holder.clone(),
            now: request.now,
            opened: None,
            broken: None,
            staged: Writes::new(),
            staged_bytes: 0,
            written: Position::default(),
            position: Position::default(),
            header: None,
            lease: None,
        };
        session.attach()?;
        Ok(session)
    }

    /// Makes sure that the store is open if there is one: it may have been made since, perhaps by another process.
    /// Refuses a broken one.
    pub(super) fn attach(&mut self) -> Result<(), Failure> {
        if let Some(failure) = &self.broken {
            return Err(failure.clone());
        }
        match &mut self.opened {
            Some(opened) => opened.unshut(),
            None if self.folder.has_store()? => {
                let lock = self.folder.lock(self.now)?;
                self.open_files(lock)
            }
            None => Ok(()),
        }
    }

    /// Makes the store if there is none.
    pub(super) fn make(&mut self, now: Timestamp) -> Result<(), Failure> {
        self.now = now;
        if self.opened.is_some() {
            return Ok(());
        }
        self.folder.create()?;
        let lock = self.folder.lock(now)?;
        self.room(0, Purpose::Intent)?;
        if !self.folder.has_store()? {
            self.folder.write_format()?;
        }
        self.open_files(lock)
    }

    fn open_files(&mut self, lock: File) -> Result<(), Failure> {
        self.opened = Some(Opened::open(&self.folder, lock)?);
        if let Err(failure) = self.read_position() {
            self.opened = None;
            return Err(failure);
        }
        self.note(None);
        Ok(())
    }

    fn read_position(&mut self) -> Result<(), Failure> {
        let position: Position = self.value(POSITION)?.unwrap_or_default();
        let expected = self.opened.as_ref().map_or(0, |opened| opened.mark().batch);
        if position.batch < expected {
            let found = position.batch;
            let what = format!("changes are missing: batch {expected} was acknowledged, {found} is the last");
            return Err(self.damaged(what));
        }
        self.header = self.value(HEADER)?;
        // A state that was restored half-way has none, but counts from nothing.
        if self.header.is_none() && position.head.serial > Serial::default() {
            return Err(self.damaged("the header is missing"));
        }
        self.position = position.clone();
        self.written = position;
        Ok(())
    }

    /// Reads a JSON value, staged or written.
    pub(super) fn value<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, Failure> {
        let framed = self.current(key)?;
        framed
            .map(|framed| layout::read_json(self.folder.path(), key, &framed))
            .transpose()
    }

    /// Tells whether there is a value, staged or written.
    pub(super) fn has(&self, key: &[u8]) -> Result<bool, Failure> {
        Ok(self.current(key)?.is_some())
    }

    fn current(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        match (self.staged.get(key), self.database()) {
            (Some(staged), _) => Ok(staged.clone()),
            (None, database) => database.map_or(Ok(None), |database| database.get(key)),
        }
    }

    /// Returns the failure of damage in this store.
    pub(super) fn damaged(&self, what: impl Into<String>) -> Failure {
        Failure::damaged(self.folder.path(), what)
    }

    /// Returns the database, if there is one.
    pub(super) fn database(&self) -> Option<&Database> {
        self.opened.as_ref().and_then(Opened::database)
    }

    /// Closes the database and opens it again, which frees the memory of what was read. The store stays locked.
    pub(super) fn reopen(&mut self) -> Result<(), Failure> {
        self.shut();
        self.attach()
    }

    /// Closes the database until the store is attached again. The store stays locked.
    pub(super) fn shut(&mut self) {
        if let Some(opened) = &mut self.opened {
            opened.shut();
        }
    }

    /// Stages changes of values: a payload, or nothing for a removal. All of them or, when that fails, the session
    /// is broken.
    pub(super) fn stage(
        &mut self,
        changes: impl IntoIterator<Item = (Vec<u8>, Option<Vec<u8>>)>,
    ) -> Result<(), Failure> {
        for (key, payload) in changes {
            if let Err(failure) = self.stage_one(key, payload) {
                self.broken = Some(failure.clone());
                return Err(failure);
            }
        }
        Ok(())
    }

    fn stage_one(&mut self, key: Vec<u8>, payload: Option<Vec<u8>>) -> Result<(), Failure> {
        let framed = payload.map(|payload| layout::frame(&key, &payload));
        if Tally::covers(&key) {
            if let Some(old) = self.current(&key)? {
                self.position.tally.remove(&old);
            }
            if let Some(framed) = &framed {
                self.position.tally.add(framed);
            }
        }
        self.staged_bytes += key.len() + framed.as_ref().map_or(0, Vec::len);
        self.staged.insert(key, framed);
        Ok(())
    }

    /// Returns how much was staged since the last batch.
    pub(super) fn staged_bytes(&self) -> usize {
        self.staged_bytes
    }

    /// Writes everything that was staged, as one batch. It is on the disk when this returns.
    pub(super) fn write(&mut self) -> Result<(), Failure> {
        if let Some(failure) = &self.broken {
            return Err(failure.clone());
        }
        let written = self.write_staged();
        if let Err(failure) = &written {
            self.broken = Some(failure.clone());
        }
        written
    }

    fn write_staged(&mut self) -> Result<(), Failure> {
        let Some(opened) = self.opened.as_mut() else {
            return Ok(());
        };
        if self.staged.is_empty() && self.position == self.written {
            return Ok(());
        }
        self.position.batch += 1;
        let position = serde_json::to_vec(&self.position).map_err(|error| Failure::Io {
            attempt: "written",
            message: error.to_string(),
        })?;
        let mut writes = std::mem::take(&mut self.staged);
        self.staged_bytes = 0;
        writes.insert(POSITION.to_vec(), Some(layout::frame(POSITION, &position)));
        opened.write(writes, self.position.batch)?;
        self.written = self.position.clone();
        Ok(())
    }

    /// Refuses a change that would leave too little free on the disk: a database that runs out of space half-way
    /// through a write stops, while one that is asked in time goes on.
    pub(super) fn room(&self, bytes: usize, purpose: Purpose) -> Result<(), Failure> {
        let reserve = match purpose {
            Purpose::Intent => INTENT_RESERVE_BYTES,
            Purpose::Outcome => RESERVE_BYTES,
        };
        let path = self.folder.path();
        let disk = rustix::fs::statvfs(path).map_err(|error| Failure::io("written", path, &error.into()))?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        // A value is written once as it is and once more when its page is rewritten.
        if free < reserve.saturating_add(bytes as u64 * 2) {
            return Err(Failure::Full {
                path: path.to_owned(),
            });
        }
        Ok(())
    }

    /// Tells others who has the store, and until when its lease runs.
    pub(super) fn note(&self, lease: Option<&Lease>) {
        self.folder.note(&LeaseNote {
            holder: lease.map_or(&self.who, |lease| &lease.holder).clone(),
            until: lease.map(|lease| lease.until),
        });
    }

    /// Closes the store and lets the next process in.
    pub(super) fn close(self) {
        let Some(mut opened) = self.opened else { return };
        match self.broken {
            None => opened.close(),
            Some(_) => opened.shut(),
        }
        self.folder.remove_note();
    }

    /// Returns where the store is.
    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().to_owned()
    }
}
