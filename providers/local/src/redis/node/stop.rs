//! Finds the process of a server, and ends it.

use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;

use super::NodeError;
use crate::host::process::find::working_under;
use crate::host::process::stop::{Request, stop as stop_process};
use crate::host::process::{Identity, ProcessError};
use crate::postgres::process_record;
use crate::redis::installation::NAMES;

/// Lets it write a snapshot of its data, where it keeps one.
const SHUTDOWN: Request = Request {
    signal: Signal::TERM,
    wait: Duration::from_secs(60),
};

/// Returns the server's process if it runs.
///
/// One that was started by an engine that died before it could write down its number works in the folder of its
/// data. A process that writes a snapshot for it does too, but began later.
///
/// # Errors
/// [`ProcessError`] when the process file system cannot be read.
pub fn find_running(folder: &Path) -> Result<Option<Identity>, ProcessError> {
    if let Some(recorded) = process_record::recorded(folder)? {
        return Ok(Some(recorded));
    }
    Ok(all(folder)?
        .into_iter()
        .min_by_key(|found| (found.start_ticks, found.pid)))
}

fn all(folder: &Path) -> Result<Vec<Identity>, ProcessError> {
    let mut found = working_under(folder)?;
    found.retain(|identity| NAMES.iter().any(|name| identity.executable.ends_with(name)));
    Ok(found)
}

/// Stops a server and lets it write what it keeps; one that does not run is success.
///
/// # Errors
/// [`NodeError::Stop`] when it does not even end when killed.
pub async fn stop(folder: &Path) -> Result<(), NodeError> {
    end(folder, &[SHUTDOWN]).await
}

/// Kills a server whose data is not wanted any more.
///
/// # Errors
/// [`NodeError::Stop`] when it does not end.
pub async fn abandon(folder: &Path) -> Result<(), NodeError> {
    end(folder, &[]).await
}

async fn end(folder: &Path, requests: &[Request]) -> Result<(), NodeError> {
    if let Some(running) = find_running(folder)? {
        stop_process(&running, requests).await?;
    }
    // A process that wrote a snapshot for it may outlive it, and would write into what comes next.
    for left in all(folder)? {
        stop_process(&left, &[]).await?;
    }
    Ok(process_record::remove(folder)?)
}
