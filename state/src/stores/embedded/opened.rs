//! The files of a store that exists, open and locked.

use std::fs::{self, File};
use std::io;

use crate::stores::embedded::database::{Database, Writes, data_file};
use crate::stores::embedded::failure::Failure;
use crate::stores::embedded::folder::Folder;
use crate::stores::embedded::mark::{Mark, MarkFile};
use crate::stores::embedded::settling;

/// The files of a store that exists. The lock goes last.
#[derive(Debug)]
pub(super) struct Opened {
    folder: Folder,
    database: Option<Database>,
    mark_file: MarkFile,
    mark: Mark,
    _lock: File,
}

impl Opened {
    /// Opens the files of a store that was made, perhaps not to the end. The caller holds its lock.
    pub(super) fn open(folder: &Folder, lock: File) -> Result<Self, Failure> {
        let path = folder.database();
        let begun = data_file(&path).exists();
        let (mark_file, found) = MarkFile::open(folder)?;
        let mark = match found {
            Some(mark) if mark.batch > 0 && !begun => {
                return Err(Failure::damaged(folder.path(), "the database is missing"));
            }
            None if begun => return Err(Failure::damaged(folder.path(), "the file `mark` is missing")),
            Some(mark) => mark,
            None => begin(&mark_file)?,
        };
        if !begun {
            discard(folder)?;
        }
        settling::verify(&path, &mark)?;
        Ok(Opened {
            folder: folder.clone(),
            database: Some(Database::open(&path)?),
            mark_file,
            mark,
            _lock: lock,
        })
    }

    /// Returns what the mark says.
    pub(super) fn mark(&self) -> Mark {
        self.mark
    }

    /// Returns the database, if it is open.
    pub(super) fn database(&self) -> Option<&Database> {
        self.database.as_ref()
    }

    /// Closes the database, which frees the memory of what was read. The store stays locked.
    pub(super) fn shut(&mut self) {
        self.database = None;
    }

    /// Opens the database if it was shut.
    pub(super) fn unshut(&mut self) -> Result<(), Failure> {
        if self.database.is_none() {
            self.database = Some(Database::open(&self.folder.database())?);
        }
        Ok(())
    }

    /// Writes a batch of that number. It is on the disk when this returns.
    pub(super) fn write(&mut self, writes: Writes, batch: u64) -> Result<(), Failure> {
        let Some(database) = &mut self.database else {
            let message = "the database is closed".to_owned();
            return Err(Failure::Io {
                attempt: "written",
                message,
            });
        };
        if self.mark.settled.take().is_some() {
            self.mark_file.write(self.mark)?;
            self.mark_file.sync()?;
        }
        database.write(writes)?;
        self.mark.batch = batch;
        self.mark_file.write(self.mark)
    }

    /// Closes the store and settles it if it was changed.
    pub(super) fn close(mut self) {
        self.shut();
        if self.mark.settled.is_none() {
            settling::settle(&self.folder.database(), &self.mark_file, self.mark);
        }
    }
}

/// Writes the mark of a database that nothing was written to.
fn begin(mark_file: &MarkFile) -> Result<Mark, Failure> {
    let mark = Mark::default();
    mark_file.write(mark)?;
    mark_file.sync()?;
    Ok(mark)
}

/// Removes what a process that was killed while it made the database left of it: its data file comes last.
fn discard(folder: &Folder) -> Result<(), Failure> {
    let path = folder.database();
    match fs::remove_dir_all(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(Failure::on("written", &path)),
    }
}
