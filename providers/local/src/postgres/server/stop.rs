//! Finds and stops a server, whoever started it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;

use super::{PROGRAM, ServerError};
use crate::host::process::stop::{Request, stop as stop_process};
use crate::host::process::{self, Identity, ProcessError, find};
use crate::postgres::configuration::ServerFiles;
use crate::postgres::process_record;

/// Where a server writes who it is and how it does.
pub(super) const PID_FILE: &str = "postmaster.pid";
/// The program that copies the data of a primary; it works for the replica whose tag it carries.
pub(in crate::postgres) const COPY_PROGRAM: &str = "pg_basebackup";
/// A fast shutdown ends all sessions and writes a checkpoint.
const SHUTDOWN: Request = Request {
    signal: Signal::INT,
    wait: Duration::from_secs(60),
};
/// An immediate shutdown writes nothing.
const QUIT: Request = Request {
    signal: Signal::QUIT,
    wait: Duration::from_secs(10),
};
/// How long a session left behind by a killed server may take to notice.
const LEFTOVER_WITHIN: Duration = Duration::from_secs(5);

/// Stops a server, waiting for its sessions to end; one that does not run is success.
///
/// Whatever a killed engine left at work in its data directory is ended too.
///
/// # Errors
/// [`ServerError::Stop`] when it does not even end when killed.
pub async fn stop(files: &ServerFiles, owner: &str) -> Result<(), ServerError> {
    end(files, owner, &[SHUTDOWN, QUIT]).await
}

/// Stops a server whose data is about to be thrown away, so that it need not write it out first.
///
/// # Errors
/// [`ServerError::Stop`] when it does not even end when killed.
pub async fn abandon(files: &ServerFiles, owner: &str) -> Result<(), ServerError> {
    end(files, owner, &[QUIT]).await
}

async fn end(files: &ServerFiles, owner: &str, requests: &[Request]) -> Result<(), ServerError> {
    if let Some(running) = find_running(files, Some(owner))? {
        stop_process(&running, requests).await?;
    }
    end_copies(owner).await?;
    end_leftovers(&files.data()).await?;
    Ok(process_record::remove(&files.folder)?)
}

/// Ends the copying that an engine had begun before it was killed: it would go on to fill the data directory.
async fn end_copies(owner: &str) -> Result<(), ServerError> {
    for copy in process_record::search_all(owner, COPY_PROGRAM)? {
        stop_process(&copy, &[]).await?;
    }
    Ok(())
}

/// Returns the server's process if it runs.
///
/// What was written down is tried first, then the server's own pid file. Without one, and with an owner given, at last
/// all processes of this machine: an engine may have been killed before either was written. With one the search would
/// only find what a killed server left behind: its sessions carry the tag until they notice.
///
/// # Errors
/// [`ProcessError`] when the process file system cannot be read.
pub fn find_running(files: &ServerFiles, owner: Option<&str>) -> Result<Option<Identity>, ProcessError> {
    if let Some(recorded) = process_record::recorded(&files.folder)? {
        return Ok(Some(recorded));
    }
    match (PidFile::read(&files.data()), owner) {
        (Some(file), _) => process_in_pid_file(&file, &files.data()),
        (None, Some(owner)) => process_record::search(owner, PROGRAM),
        (None, None) => Ok(None),
    }
}

/// A pid file alone is not trusted: the process must also work in the data directory, as the server's first one does.
fn process_in_pid_file(file: &PidFile, data: &Path) -> Result<Option<Identity>, ProcessError> {
    let working = fs::read_link(format!("/proc/{}/cwd", file.pid));
    let works_there = working.is_ok_and(|folder| same_folder(&folder, data));
    if works_there {
        process::identify(file.pid)
    } else {
        Ok(None)
    }
}

fn same_folder(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Ends what a killed server left behind: its sessions notice late if they are busy, and a new server waits for them.
pub(super) async fn end_leftovers(data: &Path) -> Result<(), ServerError> {
    let Ok(data) = data.canonicalize() else {
        return Ok(());
    };
    for leftover in find::working_under(&data)? {
        let request = Request {
            signal: Signal::QUIT,
            wait: LEFTOVER_WITHIN,
        };
        stop_process(&leftover, &[request]).await?;
    }
    Ok(())
}

/// The parts that we read of `postmaster.pid`.
pub(super) struct PidFile {
    pub(super) pid: u32,
    pub(super) status: String,
}

impl PidFile {
    /// The first line is the process number; the eighth is what the server says of itself.
    pub(super) fn read(data: &Path) -> Option<Self> {
        let text = fs::read_to_string(data.join(PID_FILE)).ok()?;
        let pid = text.lines().next()?.trim().parse().ok()?;
        Some(Self {
            pid,
            status: text.lines().nth(7).unwrap_or_default().trim().to_owned(),
        })
    }
}
