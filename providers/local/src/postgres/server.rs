//! Starts, stops, reloads and finds one PostgreSQL server, primary or replica.
//!
//! A server needs no supervisor: it runs in a session of its own, and whether it still runs is asked of the kernel.
//! Every function here may be repeated after a crash of the engine; starting a server that runs changes nothing.

use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use thiserror::Error;

use super::busy_port;
use super::configuration::{self, Configuration, ENGINE_ROLE, ServerFiles};
use super::connection::{ConnectRequest, ConnectionError, Endpoint, Session, connect};
use super::data_directory::{self, DataDirectoryError};
use super::installation::InstallationError;
use super::tools::Tools;
use crate::host::disk::{DiskError, says_disk_full};
use crate::host::folder;
use crate::host::launch::{Account, Launch, Place};
use crate::host::process::stop::{Request, StopError, stop as stop_process};
use crate::host::process::{self, Identity, ProcessError, find};
use crate::host::spawn::{REACHED_WITHIN, SpawnError, SpawnRequest, log_length, log_tail, spawn};

/// The server's program.
const PROGRAM: &str = "postgres";
/// How often the server's own report of its start is read: a start takes 30 to 130 ms.
const LOOK_EVERY: Duration = Duration::from_millis(3);
/// Recovery after a crash replays the log since the last checkpoint, which may be many gigabytes.
const READY_WITHIN: Duration = Duration::from_secs(300);
/// How long a fast shutdown may take: it ends all sessions and writes a checkpoint.
const SHUTDOWN_WITHIN: Duration = Duration::from_secs(60);
/// How long an immediate shutdown may take: it writes nothing.
const QUIT_WITHIN: Duration = Duration::from_secs(10);
/// How long a session left behind by a killed server may take to notice.
const LEFTOVER_WITHIN: Duration = Duration::from_secs(5);
/// How long a statement of the engine may wait for a connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// How long a reload may take to reach a session.
const RELOAD_WITHIN: Duration = Duration::from_secs(10);
/// A log longer than this is set aside at the next start.
const LOG_BYTES_MAX: u64 = 8 << 20;

/// Why a server cannot be started, stopped or asked.
#[derive(Debug, Error)]
pub enum ServerError {
    /// A program is missing.
    #[error(transparent)]
    Installation(#[from] InstallationError),
    /// Its data directory is not usable.
    #[error(transparent)]
    Data(#[from] DataDirectoryError),
    /// A file cannot be written.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Its process could not be started.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
    /// Its process could not be stopped.
    #[error(transparent)]
    Stop(#[from] StopError),
    /// Its process cannot be looked at.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// It cannot be asked.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// Somebody else listens on its port.
    #[error("Port {port} on {} is already in use{}", display_addresses(.listen), display_holder(.holder.as_deref()))]
    BusyPort {
        /// The addresses it was to listen on.
        listen: Vec<IpAddr>,
        /// The port.
        port: u16,
        /// The process that has it, if it can be seen.
        holder: Option<String>,
    },
    /// The disk is full.
    #[error("The disk that holds `{}` is full", .folder.display())]
    DiskFull {
        /// The server's folder.
        folder: PathBuf,
    },
    /// It ended while starting, for another reason.
    #[error("The server `{name}` ended while it started: {log_tail}")]
    Ended {
        /// The server's name.
        name: String,
        /// What it wrote last.
        log_tail: String,
    },
    /// It runs but does not get ready.
    #[error("The server `{name}` was not ready within {waited:?}: {log_tail}")]
    Late {
        /// The server's name.
        name: String,
        /// How long we waited.
        waited: Duration,
        /// What it wrote last.
        log_tail: String,
    },
}

impl ServerError {
    /// Returns what the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Installation(error) => error.hint(),
            Self::Data(error) => error.hint(),
            Self::Disk(error) => error.hint(),
            Self::BusyPort { .. } => Some("Stop that process, or give the stack another port".to_owned()),
            Self::DiskFull { .. } => Some("Make room on this disk, then run the command again".to_owned()),
            _ => None,
        }
    }
}

fn display_addresses(listen: &[IpAddr]) -> String {
    listen
        .iter()
        .map(IpAddr::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

fn display_holder(holder: Option<&str>) -> String {
    holder.map(|holder| format!(" by {holder}")).unwrap_or_default()
}

/// A server to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// What its files say.
    pub configuration: Configuration,
    /// The major version of its data.
    pub major: u16,
    /// The cluster that its data belongs to.
    pub cluster: String,
    /// The ownership tag that its processes carry.
    pub owner: String,
    /// The network it lives in.
    pub place: Place,
}

impl Server {
    /// Returns where it answers.
    pub fn endpoint(&self) -> Endpoint {
        endpoint(&self.configuration)
    }
}

fn endpoint(configuration: &Configuration) -> Endpoint {
    Endpoint {
        sockets: configuration.files.sockets.clone(),
        port: configuration.port,
    }
}

/// Writes the configuration files that differ and returns their names.
///
/// # Errors
/// [`DiskError`] when one cannot be written; each is then whole, old or new.
pub fn configure(configuration: &Configuration) -> Result<Vec<&'static str>, DiskError> {
    let files = &configuration.files;
    for path in [
        &files.folder,
        &files.configuration(),
        &files.sockets,
        &files.archive,
    ] {
        folder::private_directory(path)?;
    }
    let mut changed = Vec::new();
    for (name, text) in configuration::render(configuration) {
        let path = files.configuration().join(name);
        if folder::read_if_present(&path)?.as_deref() != Some(text.as_bytes()) {
            folder::write_private(&path, text.as_bytes())?;
            changed.push(name);
        }
    }
    Ok(changed)
}

/// Starts a server unless it runs, and returns once it answers.
///
/// # Errors
/// [`ServerError`]; a server that ended while starting is explained by its own log.
pub async fn start(server: &Server, tools: &Tools) -> Result<Identity, ServerError> {
    let files = &server.configuration.files;
    if let Some(running) = find_running(files, Some(&server.owner))? {
        record_process(files, &running)?;
        wait_until_ready(server, &running, 0).await?;
        return Ok(running);
    }
    data_directory::check(&files.data(), &server.cluster, server.major)?;
    end_leftovers(&files.data()).await?;
    configure(&server.configuration)?;
    set_long_log_aside(&files.log())?;
    let offset = log_length(&files.log());
    let identity = spawn(&spawn_request(server, tools)?, &tools.programs).await;
    let identity = identity.map_err(|error| explain_spawn(server, error))?;
    record_process(files, &identity)?;
    wait_until_ready(server, &identity, offset).await?;
    Ok(identity)
}

fn spawn_request(server: &Server, tools: &Tools) -> Result<SpawnRequest, ServerError> {
    let files = &server.configuration.files;
    let mut launch = Launch::new(tools.installation.program(PROGRAM)?);
    launch.arguments = vec![
        "-c".into(),
        format!("config_file={}", files.main_file().display()).into(),
    ];
    launch.variables = BTreeMap::from([("LC_ALL".to_owned(), "C.UTF-8".into())]);
    launch.working_directory = files.folder.clone();
    launch.place = server.place.clone();
    launch.account = Account::NotRoot;
    launch.owner = Some(server.owner.clone());
    Ok(SpawnRequest {
        launch,
        log: files.log(),
        reached_within: REACHED_WITHIN,
    })
}

/// Stops a server, waiting for its sessions to end; one that does not run is success.
///
/// # Errors
/// [`ServerError::Stop`] when it does not even end when killed.
pub async fn stop(files: &ServerFiles, owner: &str) -> Result<(), ServerError> {
    if let Some(running) = find_running(files, Some(owner))? {
        let requests = [
            Request {
                signal: Signal::INT,
                wait: SHUTDOWN_WITHIN,
            },
            Request {
                signal: Signal::QUIT,
                wait: QUIT_WITHIN,
            },
        ];
        stop_process(&running, &requests).await?;
    }
    end_leftovers(&files.data()).await?;
    folder::remove_file(&process_file(files))?;
    Ok(())
}

/// Returns the server's process if it runs.
///
/// The record is tried first, then the server's own pid file; with an owner given, at last all processes of this
/// machine, because an engine may have been killed before either was written.
///
/// # Errors
/// [`ProcessError`] when the process file system cannot be read.
pub fn find_running(files: &ServerFiles, owner: Option<&str>) -> Result<Option<Identity>, ProcessError> {
    if let Some(recorded) = recorded_process(files)
        && process::is_alive(&recorded)?
    {
        return Ok(Some(recorded));
    }
    if let Some(found) = process_in_pid_file(&files.data())? {
        return Ok(Some(found));
    }
    let Some(owner) = owner else { return Ok(None) };
    let mut found = find::outermost(find::owned_by(owner)?)
        .into_iter()
        .map(|owned| owned.identity);
    // A command that the server ran carries the tag too and may outlive it.
    Ok(found.find(|identity| identity.executable.ends_with(PROGRAM)))
}

fn process_file(files: &ServerFiles) -> PathBuf {
    files.folder.join("process.json")
}

fn recorded_process(files: &ServerFiles) -> Option<Identity> {
    serde_json::from_slice(&fs::read(process_file(files)).ok()?).ok()
}

fn record_process(files: &ServerFiles, identity: &Identity) -> Result<(), DiskError> {
    let path = process_file(files);
    let text =
        serde_json::to_vec(identity).map_err(|error| DiskError::from_io("write", &path, error.into()))?;
    folder::write_private(&path, &text)
}

/// A pid file alone is not trusted: the process must also work in the data directory, as the server's first one does.
fn process_in_pid_file(data: &Path) -> Result<Option<Identity>, ProcessError> {
    let Some(pid) = PidFile::read(data).map(|file| file.pid) else {
        return Ok(None);
    };
    let works_there =
        fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|folder| same_folder(&folder, data));
    if works_there {
        process::identify(pid)
    } else {
        Ok(None)
    }
}

fn same_folder(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Ends what a killed server left behind: its sessions notice late if they are busy, and a new server waits for them.
async fn end_leftovers(data: &Path) -> Result<(), ServerError> {
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

fn set_long_log_aside(log: &Path) -> Result<(), DiskError> {
    if log_length(log) > LOG_BYTES_MAX {
        let aside = log.with_extension("log.1");
        fs::rename(log, &aside).map_err(|source| DiskError::from_io("rename", log, source))?;
    }
    Ok(())
}

/// The parts that we read of `postmaster.pid`.
struct PidFile {
    pid: u32,
    status: String,
}

impl PidFile {
    /// The first line is the process number; the eighth is what the server says of itself.
    fn read(data: &Path) -> Option<Self> {
        let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
        let pid = text.lines().next()?.trim().parse().ok()?;
        Some(Self {
            pid,
            status: text.lines().nth(7).unwrap_or_default().trim().to_owned(),
        })
    }
}

async fn wait_until_ready(server: &Server, identity: &Identity, offset: u64) -> Result<(), ServerError> {
    let files = &server.configuration.files;
    let wait = async {
        let mut pace = tokio::time::interval(LOOK_EVERY);
        loop {
            pace.tick().await;
            let said = PidFile::read(&files.data()).filter(|file| file.pid == identity.pid);
            if said.is_some_and(|file| file.status == "ready") {
                return Ok(());
            }
            if !process::is_alive(identity)? {
                return Err(explain_end(server, &log_tail(&files.log(), offset)));
            }
        }
    };
    let late = || ServerError::Late {
        name: server.configuration.name.clone(),
        waited: READY_WITHIN,
        log_tail: log_tail(&files.log(), offset),
    };
    tokio::time::timeout(READY_WITHIN, wait)
        .await
        .unwrap_or_else(|_| Err(late()))?;
    refuse_half_listening(server, &log_tail(&files.log(), offset))
}

/// A server that can listen on some of its addresses only warns; for us that is a failure.
fn refuse_half_listening(server: &Server, log: &str) -> Result<(), ServerError> {
    if log.contains("could not create listen socket") {
        Err(explain_end(server, log))
    } else {
        Ok(())
    }
}

fn explain_spawn(server: &Server, error: SpawnError) -> ServerError {
    match error {
        SpawnError::Ended { log_tail, .. } => explain_end(server, &log_tail),
        error => error.into(),
    }
}

/// Turns what a server wrote before it ended into the error that says what to do.
fn explain_end(server: &Server, log: &str) -> ServerError {
    let configuration = &server.configuration;
    if says_disk_full(log) {
        return ServerError::DiskFull {
            folder: configuration.files.folder.clone(),
        };
    }
    if log.contains("Address already in use") {
        return ServerError::BusyPort {
            listen: configuration.listen.clone(),
            port: configuration.port,
            holder: busy_port::holder(configuration.port, &server.place),
        };
    }
    ServerError::Ended {
        name: configuration.name.clone(),
        log_tail: log.to_owned(),
    }
}

/// Connects to a database of a server as the engine.
///
/// # Errors
/// [`ConnectionError`] when it does not answer.
pub async fn session(endpoint: &Endpoint, database: &str) -> Result<Session, ConnectionError> {
    connect(ConnectRequest {
        endpoint,
        database,
        role: ENGINE_ROLE,
        within: CONNECT_WITHIN,
    })
    .await
}

/// Has a running server read its configuration again, and returns the parameters that wait for a restart.
///
/// # Errors
/// [`ServerError`] when the server cannot be asked or refuses what the files say.
pub async fn reload(session: &Session) -> Result<Vec<String>, ServerError> {
    let loaded = "select (extract(epoch from pg_conf_load_time()) * 1000000)::bigint";
    let before: i64 = session.rows("read its settings", loaded, &[]).await?[0].get(0);
    session
        .run("reload its settings", "select pg_reload_conf()")
        .await?;
    let reached = async {
        let mut pace = tokio::time::interval(LOOK_EVERY);
        loop {
            pace.tick().await;
            let now: i64 = session.rows("read its settings", loaded, &[]).await?[0].get(0);
            if now > before {
                return Ok::<(), ConnectionError>(());
            }
        }
    };
    let late = ConnectionError::Statement {
        action: "reload its settings",
        message: format!("not done within {RELOAD_WITHIN:?}"),
        code: None,
    };
    tokio::time::timeout(RELOAD_WITHIN, reached)
        .await
        .unwrap_or(Err(late))?;
    pending_restart(session).await
}

async fn pending_restart(session: &Session) -> Result<Vec<String>, ServerError> {
    let query = "select name from pg_settings where pending_restart order by name";
    let rows = session.rows("read its settings", query, &[]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
