//! Who a process is, beyond its number: numbers are used again, files that hold them go stale, and a wrong
//! one would have us stop a stranger.

pub mod find;
pub mod stop;

use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// What the kernel appends to the path of an executable that was replaced, for example by an upgrade.
const DELETED: &[u8] = b" (deleted)";

/// One process of one boot of one machine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Identity {
    /// Its number, which the system will give to others later.
    pub pid: u32,
    /// When it started, in the kernel's clock ticks since boot.
    pub start_ticks: u64,
    /// The boot in which it started.
    pub boot_id: String,
    /// The real path of the program it runs.
    pub executable: PathBuf,
}

/// Why a process cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// A file of the process file system cannot be read.
    #[error("Cannot read `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file of the process file system does not have the form we know.
    #[error("The content of `{}` is not understood", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
}

/// What the process file system says about a process that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) parent: u32,
    pub(crate) start_ticks: u64,
}

/// Returns who a process is, or `None` when it is gone or only waits to be reaped.
///
/// # Errors
/// [`ProcessError`] when it exists but may not be looked at.
pub fn identify(pid: u32) -> Result<Option<Identity>, ProcessError> {
    let Some(status) = status(pid)? else {
        return Ok(None);
    };
    let Some(executable) = executable(pid)? else {
        return Ok(None);
    };
    Ok(Some(Identity {
        pid,
        start_ticks: status.start_ticks,
        boot_id: boot_id()?,
        executable,
    }))
}

/// Tells whether exactly this process still runs.
///
/// # Errors
/// [`ProcessError`] when the process file system cannot be read.
pub fn is_alive(identity: &Identity) -> Result<bool, ProcessError> {
    let same_start = status(identity.pid)?.is_some_and(|found| found.start_ticks == identity.start_ticks);
    Ok(same_start && boot_id()? == identity.boot_id)
}

/// Tells whether the process runs the program that was recorded. One that is just ending runs none any more, and no other.
pub(crate) fn runs_recorded_program(identity: &Identity) -> Result<bool, ProcessError> {
    Ok(executable(identity.pid)?.is_none_or(|found| found == identity.executable))
}

/// Returns the number of the network namespace that a process is in, or `None` when it is gone.
///
/// The number is that of [`network_namespace_at`] for the namespace's own file.
///
/// # Errors
/// [`ProcessError`] when it exists but may not be looked at.
pub fn network_namespace(pid: u32) -> Result<Option<u64>, ProcessError> {
    network_namespace_at(&proc_path(pid, "ns/net"))
}

/// Returns the number of the namespace that a file stands for, or `None` when there is no such file.
///
/// # Errors
/// [`ProcessError`] when it exists but may not be looked at.
pub fn network_namespace_at(file: &Path) -> Result<Option<u64>, ProcessError> {
    unless_gone(file, fs::metadata(file).map(|found| found.ino()))
}

pub(crate) fn proc_path(pid: u32, file: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}/{file}"))
}

/// Reads what a process says about itself; a process that ends meanwhile is `None`.
pub(crate) fn unless_gone<T>(path: &Path, result: io::Result<T>) -> Result<Option<T>, ProcessError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(source) if is_gone(&source) => Ok(None),
        Err(source) => Err(ProcessError::Unreadable {
            path: path.to_owned(),
            source,
        }),
    }
}

fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
        || error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error())
}

/// Returns the state of a process that runs; one that is dead (`Z`, `X`) or gone is `None`.
pub(crate) fn status(pid: u32) -> Result<Option<Status>, ProcessError> {
    let path = proc_path(pid, "stat");
    let Some(text) = unless_gone(&path, fs::read(&path))? else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(&text);
    parse_status(&text)
        .ok_or(ProcessError::Malformed { path })
        .map(|(state, status)| match state {
            'Z' | 'X' | 'x' => None,
            _ => Some(status),
        })
}

fn parse_status(text: &str) -> Option<(char, Status)> {
    // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let state = fields.first()?.chars().next()?;
    let parent = fields.get(1)?.parse().ok()?;
    let start_ticks = fields.get(19)?.parse().ok()?;
    Some((state, Status { parent, start_ticks }))
}

pub(crate) fn executable(pid: u32) -> Result<Option<PathBuf>, ProcessError> {
    let path = proc_path(pid, "exe");
    let Some(link) = unless_gone(&path, fs::read_link(&path))? else {
        return Ok(None);
    };
    let bytes = link.as_os_str().as_bytes();
    let kept = bytes.strip_suffix(DELETED).unwrap_or(bytes);
    Ok(Some(PathBuf::from(std::ffi::OsString::from_vec(kept.to_vec()))))
}

/// Tells whether a process has a program and its arguments. One that is just replacing its program shows the
/// new one before its arguments and environment are in place; a kernel's thread and a process that is gone
/// have none to wait for.
pub(crate) fn has_begun(pid: u32) -> Result<bool, ProcessError> {
    let path = proc_path(pid, "cmdline");
    let arguments = unless_gone(&path, fs::read(&path))?;
    Ok(arguments.is_none_or(|found| !found.is_empty()) || executable(pid)?.is_none())
}

fn boot_id() -> Result<String, ProcessError> {
    let path = Path::new("/proc/sys/kernel/random/boot_id");
    match fs::read_to_string(path) {
        Ok(text) => Ok(text.trim_end().to_owned()),
        Err(source) => Err(ProcessError::Unreadable {
            path: path.to_owned(),
            source,
        }),
    }
}

#[cfg(test)]
mod tests;
