//! Stops a process through a file descriptor that stands for it. A number could pass to a stranger between
//! the check and the signal; the descriptor cannot.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::{Identity, ProcessError, is_alive, runs_recorded_program};

/// How long a killed process may take to be gone; the kernel only has to release its memory.
const KILL_WAIT: Duration = Duration::from_secs(30);

/// A thread waits this long at most, so that one whose caller gave up is free again soon.
const WATCH_SLICE: Duration = Duration::from_millis(200);

/// One signal, and how long to wait for its effect before the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// The signal.
    pub signal: Signal,
    /// How long the process may take to end.
    pub wait: Duration,
}

/// How a process came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// It had ended before.
    AlreadyGone,
    /// It ended after this signal.
    By(Signal),
}

/// Why a process could not be stopped.
#[derive(Debug, thiserror::Error)]
pub enum StopError {
    /// The process runs another program than the one recorded.
    #[error("Process {pid} does not run `{}`", executable.display())]
    Foreign {
        /// Its number.
        pid: u32,
        /// The program it should run.
        executable: std::path::PathBuf,
    },
    /// The process did not end, not even when killed.
    #[error("Process {pid} does not end")]
    Stubborn {
        /// Its number.
        pid: u32,
    },
    /// The process cannot be looked at.
    #[error("Cannot look at process {pid}")]
    Process {
        /// Its number.
        pid: u32,
        /// Why.
        source: ProcessError,
    },
    /// The system refuses the signal or the waiting.
    #[error("Cannot {action} process {pid}")]
    System {
        /// What was tried, as a verb.
        action: &'static str,
        /// Its number.
        pid: u32,
        /// What the system said.
        source: io::Error,
    },
}

/// Asks a process to end, with each request in turn, and at last kills it.
///
/// Returns when it has ended. A process that is gone already is success.
///
/// # Errors
/// [`StopError`] when the process is not the recorded one, may not be signalled, or does not end.
pub async fn stop(identity: &Identity, requests: &[Request]) -> Result<Stopped, StopError> {
    let Some(process) = open_checked(identity)? else {
        return Ok(Stopped::AlreadyGone);
    };
    let last = Request {
        signal: Signal::KILL,
        wait: KILL_WAIT,
    };
    for request in requests.iter().chain([&last]) {
        signal_open(identity.pid, &process, request.signal)?;
        if ended(identity.pid, &process, request.wait).await? {
            return Ok(Stopped::By(request.signal));
        }
    }
    Err(StopError::Stubborn { pid: identity.pid })
}

/// Sends a signal that does not end the process, such as `HUP` to reload; false when it is gone.
///
/// # Errors
/// [`StopError`] when the process is not the recorded one or may not be signalled.
pub fn signal(identity: &Identity, signal: Signal) -> Result<bool, StopError> {
    let Some(process) = open_checked(identity)? else {
        return Ok(false);
    };
    signal_open(identity.pid, &process, signal)?;
    Ok(true)
}

/// Waits until a process has ended by itself; false when it still runs after `wait`.
///
/// # Errors
/// [`StopError`] when the process cannot be watched.
pub async fn wait_for_end(identity: &Identity, wait: Duration) -> Result<bool, StopError> {
    match open_checked(identity)? {
        Some(process) => ended(identity.pid, &process, wait).await,
        None => Ok(true),
    }
}

/// Opens the process first and checks who it is afterwards: what was checked is then what is open.
fn open_checked(identity: &Identity) -> Result<Option<Arc<OwnedFd>>, StopError> {
    let pid = identity.pid;
    let Some(number) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
        return Ok(None);
    };
    let process = match pidfd_open(number, PidfdFlags::NONBLOCK) {
        Ok(process) => process,
        Err(rustix::io::Errno::SRCH) => return Ok(None),
        Err(error) => {
            return Err(StopError::System {
                action: "open",
                pid,
                source: error.into(),
            });
        }
    };
    let looked = |source| StopError::Process { pid, source };
    if !is_alive(identity).map_err(looked)? {
        return Ok(None);
    }
    if !runs_recorded_program(identity).map_err(looked)? {
        return Err(StopError::Foreign {
            pid,
            executable: identity.executable.clone(),
        });
    }
    Ok(Some(Arc::new(process)))
}

fn signal_open(pid: u32, process: &OwnedFd, signal: Signal) -> Result<(), StopError> {
    match pidfd_send_signal(process, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(StopError::System {
            action: "signal",
            pid,
            source: error.into(),
        }),
    }
}

/// The descriptor becomes readable when the process has ended, whoever its parent is.
async fn ended(pid: u32, process: &Arc<OwnedFd>, wait: Duration) -> Result<bool, StopError> {
    let system = |source| StopError::System {
        action: "wait for",
        pid,
        source,
    };
    let deadline = Instant::now() + wait;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let slice = left.min(WATCH_SLICE);
        let watched = Arc::clone(process);
        let look = tokio::task::spawn_blocking(move || poll_once(&watched, slice));
        let over = look
            .await
            .map_err(|error| system(io::Error::other(error)))?
            .map_err(system)?;
        if over || left.is_zero() {
            return Ok(over);
        }
    }
}

fn poll_once(process: &OwnedFd, wait: Duration) -> io::Result<bool> {
    let timeout = Timespec::try_from(wait).map_err(io::Error::other)?;
    match poll(&mut [PollFd::new(process, PollFlags::IN)], Some(&timeout)) {
        Ok(ready) => Ok(ready > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
