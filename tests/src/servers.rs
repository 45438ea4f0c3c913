//! Looks at the servers of an environment from outside, with the system's own eyes: processes, namespaces, files and
//! what a client of PostgreSQL sees.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::environment::TestEnv;
use crate::machine;

/// The variable that every server carries, see the local provider.
const OWNER_VARIABLE: &[u8] = b"INFRA_OWNER=";

/// A process that works for an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// That of its parent.
    pub parent: u32,
    /// When it started, in ticks since the machine did.
    pub start_ticks: u64,
    /// The name of its program.
    pub program: String,
    /// The address of the resource that it serves, if it says so.
    pub address: Option<String>,
}

/// Returns the processes that work in the folders of an environment or write to files there, in order.
///
/// The binary itself counts too while it runs; a process that has ended and waits for its parent does not.
#[must_use]
pub fn processes_of(env: &TestEnv) -> Vec<Process> {
    let root = env.root();
    let mut found: Vec<Process> = fs::read_dir("/proc")
        .expect("the process file system")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| touches(*pid, root))
        .filter_map(process)
        .collect();
    found.sort_by_key(|process| process.pid);
    found
}

/// Returns the servers of an environment by address: processes whose parent does not work for it.
#[must_use]
pub fn servers_of(env: &TestEnv) -> BTreeMap<String, Vec<Process>> {
    let all = processes_of(env);
    let mut servers: BTreeMap<String, Vec<Process>> = BTreeMap::new();
    for process in &all {
        if !all.iter().any(|other| other.pid == process.parent) {
            let address = process.address.clone().unwrap_or_else(|| process.program.clone());
            servers.entry(address).or_default().push(process.clone());
        }
    }
    servers
}

/// Returns the one process of the server at an address.
///
/// # Panics
/// When there is none, or more than one.
#[must_use]
pub fn server(env: &TestEnv, address: &str) -> Process {
    let servers = servers_of(env);
    match servers.get(address).map(Vec::as_slice) {
        Some([process]) => process.clone(),
        _ => panic!("not one server at {address}: {servers:?}"),
    }
}

/// Kills a process that the test's environment started, and waits until it has ended.
///
/// # Panics
/// When it cannot be killed.
pub fn kill(process: &Process) {
    let killed = Command::new("kill")
        .args(["-KILL", &process.pid.to_string()])
        .status();
    assert!(killed.expect("`kill` runs").success(), "{process:?}");
    machine::wait_until("a killed process ends", || {
        status(process.pid).is_none_or(|status| status.start_ticks != process.start_ticks)
    });
}

/// Returns the named network namespaces of an environment.
#[must_use]
pub fn namespaces_of(env: &TestEnv) -> Vec<String> {
    // The local provider names them after the environment's folder, so that what a crash left is found by name.
    let folder = env
        .folder()
        .canonicalize()
        .expect("a stack's folder")
        .join(".infra/local");
    let hash = blake3::hash(folder.as_os_str().as_encoded_bytes()).to_hex();
    let prefix = format!("infra-{}-", &hash[..8]);
    let mut found: Vec<String> = fs::read_dir("/run/netns")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with(&prefix))
        .collect();
    found.sort();
    found
}

/// Returns the namespace of a segment.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn namespace(env: &TestEnv, segment: &str) -> String {
    let all = namespaces_of(env);
    let found = all.iter().find(|name| name.ends_with(&format!(".{segment}")));
    found
        .unwrap_or_else(|| panic!("no segment {segment} in {all:?}"))
        .clone()
}

/// Says whether a connection from a namespace to an address is accepted.
///
/// # Panics
/// When `ip` or `python3` does not run.
#[must_use]
pub fn reaches(namespace: &str, host: &str, port: u16) -> bool {
    let connect = format!("import socket; socket.create_connection(('{host}', {port}), 1).close()");
    let status = Command::new("ip")
        .args(["netns", "exec", namespace, "python3", "-c", &connect])
        .stderr(Stdio::null())
        .status();
    status.expect("`ip` runs").success()
}

/// Runs SQL as a client and returns the rows, columns separated by `|`, or what the client said.
///
/// # Errors
/// What the client wrote when it failed.
pub fn psql(url: &str, sql: &str) -> Result<String, String> {
    let output = client(url, sql).output().expect("psql runs");
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// Runs SQL as a client and returns the rows.
///
/// # Panics
/// When the client fails.
#[must_use]
pub fn rows(url: &str, sql: &str) -> String {
    psql(url, sql).unwrap_or_else(|error| panic!("`{sql}`: {error}"))
}

/// Runs SQL that has no rows worth looking at.
///
/// # Panics
/// When the client fails.
pub fn execute(url: &str, sql: &str) {
    let _ = rows(url, sql);
}

/// Runs SQL that must be refused, and returns what the client said.
///
/// # Panics
/// When it is not refused.
#[must_use]
pub fn refusal(url: &str, sql: &str) -> String {
    psql(url, sql).expect_err("it is refused")
}

fn client(url: &str, sql: &str) -> Command {
    let mut command = Command::new(machine::servers().join("postgresql-16/bin/psql"));
    command
        .args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-d",
            url,
            "-c",
            sql,
        ])
        .current_dir("/")
        .env("PGCONNECT_TIMEOUT", "5")
        .stdin(Stdio::null());
    command
}

/// Returns the files below a folder, in order; one that vanishes meanwhile is left out.
#[must_use]
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(files_below(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found.sort();
    found
}

fn touches(pid: u32, root: &Path) -> bool {
    ["cwd", "fd/1", "fd/2"]
        .iter()
        .any(|link| fs::read_link(format!("/proc/{pid}/{link}")).is_ok_and(|path| path.starts_with(root)))
}

fn process(pid: u32) -> Option<Process> {
    let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let owner = environment
        .split(|byte| *byte == 0)
        .find_map(|variable| variable.strip_prefix(OWNER_VARIABLE))
        .map(|owner| String::from_utf8_lossy(owner).into_owned());
    let Status {
        program,
        parent,
        start_ticks,
    } = status(pid)?;
    Some(Process {
        pid,
        parent,
        start_ticks,
        program,
        address: owner.and_then(|owner| Some(owner.splitn(3, ' ').nth(2)?.to_owned())),
    })
}

struct Status {
    program: String,
    parent: u32,
    start_ticks: u64,
}

/// Reads the state of a process that has not ended.
fn status(pid: u32) -> Option<Status> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (before, after) = text.rsplit_once(')')?;
    let fields: Vec<&str> = after.split_whitespace().collect();
    if matches!(*fields.first()?, "Z" | "X") {
        return None;
    }
    Some(Status {
        program: before.split_once('(')?.1.to_owned(),
        parent: fields.get(1)?.parse().ok()?,
        start_ticks: fields.get(19)?.parse().ok()?,
    })
}
