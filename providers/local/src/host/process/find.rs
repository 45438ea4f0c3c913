//! Finds processes without a record of them: an engine that was killed right after it started a server could
//! not write down its number, but every process that we start carries its owner in its environment.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{Identity, ProcessError, has_begun, identify, network_namespace, proc_path, status};

/// The environment variable with which every process of ours carries its ownership tag.
pub const OWNER_VARIABLE: &str = "INFRA_OWNER";

/// How long a process may take to replace its program by another, on a machine that is busy.
const REPLACED_WITHIN: Duration = Duration::from_secs(1);
/// More than any environment that we or a usual shell pass on.
const ENVIRONMENT_BYTES: usize = 256 * 1024;
/// How often an empty environment is looked at before it is believed.
const LOOKS: usize = 4;

/// A process of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owned {
    /// The ownership tag that it carries.
    pub owner: String,
    /// Who it is.
    pub identity: Identity,
    /// The number of its parent.
    pub parent: u32,
}

/// Returns the processes that carry exactly this ownership tag, in the order of their numbers.
///
/// Children inherit the tag; [`outermost`] leaves the server itself. A program that overwrites its
/// environment to show a title (Redis with `set-proc-title yes`, the children of PostgreSQL's first
/// process) is not found here, but by [`working_under`].
///
/// # Errors
/// [`ProcessError`] when the process file system cannot be read.
pub fn owned_by(tag: &str) -> Result<Vec<Owned>, ProcessError> {
    owned(|owner| owner == tag)
}

/// Returns the processes whose ownership tag starts with a prefix, such as all of one environment.
///
/// # Errors
/// [`ProcessError`] when the process file system cannot be read.
pub fn owned_under(prefix: &str) -> Result<Vec<Owned>, ProcessError> {
    owned(|owner| owner.starts_with(prefix))
}

/// Leaves the processes whose parent is not among them.
#[must_use]
pub fn outermost(found: Vec<Owned>) -> Vec<Owned> {
    let pids: Vec<u32> = found.iter().map(|process| process.identity.pid).collect();
    found
        .into_iter()
        .filter(|process| !pids.contains(&process.parent))
        .collect()
}

/// Returns the processes whose working directory is a folder or below it, in the order of their numbers.
///
/// # Errors
/// [`ProcessError`] when the process file system cannot be read.
pub fn working_under(folder: &Path) -> Result<Vec<Identity>, ProcessError> {
    let mut found = Vec::new();
    for pid in pids()? {
        let works_there = fs::read_link(proc_path(pid, "cwd")).is_ok_and(|path| path.starts_with(folder));
        if works_there {
            found.extend(identify_ours(pid)?);
        }
    }
    Ok(found)
}

/// Tells whether any process that we may look at is in a network namespace, by its number.
///
/// # Errors
/// [`ProcessError`] when the process file system cannot be read.
pub fn is_anybody_in(namespace: u64) -> Result<bool, ProcessError> {
    Ok(pids()?
        .into_iter()
        .any(|pid| matches!(network_namespace(pid), Ok(Some(found)) if found == namespace)))
}

fn owned(wanted: impl Fn(&str) -> bool) -> Result<Vec<Owned>, ProcessError> {
    let mut found = Vec::new();
    for pid in pids()? {
        if let Some(environment) = environment(pid) {
            found.extend(owned_process(pid, &environment, &wanted)?);
        }
    }
    Ok(found)
}

/// Reads a process's environment, again when it is empty: one that is just replacing its program, as our
/// wrappers do, has none for that moment. Another user's process cannot be read and is not ours.
fn environment(pid: u32) -> Option<Vec<u8>> {
    let mut environment = Vec::new();
    for _ in 0..LOOKS {
        wait_until_begun(pid);
        environment = read_at_once(&proc_path(pid, "environ")).ok()?;
        if !environment.is_empty() {
            break;
        }
    }
    Some(environment)
}

/// Reads a file of the process file system with one call of the system where it fits: a second one finds
/// nothing more when the process has replaced its program in between, and what was read ends anywhere.
fn read_at_once(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = fs::File::open(path)?;
    let mut content = vec![0; ENVIRONMENT_BYTES];
    let length = file.read(&mut content)?;
    content.truncate(length);
    file.read_to_end(&mut content)?;
    Ok(content)
}

fn wait_until_begun(pid: u32) {
    let deadline = Instant::now() + REPLACED_WITHIN;
    while !has_begun(pid).unwrap_or(true) && Instant::now() < deadline {
        std::thread::yield_now();
    }
}

fn owned_process(
    pid: u32,
    environment: &[u8],
    wanted: impl Fn(&str) -> bool,
) -> Result<Option<Owned>, ProcessError> {
    let Some(owner) = owner_in(environment).filter(|owner| wanted(owner)) else {
        return Ok(None);
    };
    let Some(status) = status(pid)? else {
        return Ok(None);
    };
    let Some(identity) = identify_ours(pid)? else {
        return Ok(None);
    };
    Ok(Some(Owned {
        owner,
        identity,
        parent: status.parent,
    }))
}

/// A process may end, or close itself to us, between two looks at it.
fn identify_ours(pid: u32) -> Result<Option<Identity>, ProcessError> {
    match identify(pid) {
        Err(ProcessError::Unreadable { source, .. }) if source.kind() == io::ErrorKind::PermissionDenied => {
            Ok(None)
        }
        other => other,
    }
}

fn owner_in(environment: &[u8]) -> Option<String> {
    environment.split(|byte| *byte == 0).find_map(|variable| {
        let value = variable
            .strip_prefix(OWNER_VARIABLE.as_bytes())?
            .strip_prefix(b"=")?;
        OsStr::from_bytes(value).to_str().map(str::to_owned)
    })
}

/// All process numbers but our own, in order.
fn pids() -> Result<Vec<u32>, ProcessError> {
    let path = PathBuf::from("/proc");
    let entries = match fs::read_dir(&path) {
        Ok(entries) => entries,
        Err(source) => return Err(ProcessError::Unreadable { path, source }),
    };
    let own = std::process::id();
    let mut pids: Vec<u32> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| *pid != own)
        .collect();
    pids.sort_unstable();
    Ok(pids)
}
