//! One PostgreSQL server, primary or replica: what it is made of and what can go wrong with it.
//!
//! A server needs no supervisor: it runs in a session of its own, and whether it still runs is asked of the kernel.
//! Everything here may be repeated after a crash of the engine; starting a server that runs changes nothing.

pub mod log;
pub mod reload;
pub mod start;
pub mod stop;

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use super::configuration::{self, Configuration, ENGINE_ROLE};
use super::connection::{ConnectRequest, ConnectionError, Endpoint, Session, connect};
use super::data_directory::DataDirectoryError;
use super::installation::InstallationError;
use crate::host::disk::DiskError;
use crate::host::folder;
use crate::host::launch::Place;
use crate::host::process::ProcessError;
use crate::host::process::stop::StopError;
use crate::host::spawn::SpawnError;

/// The server's program.
const PROGRAM: &str = "postgres";
/// How long a statement of the engine may wait for a connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

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
    // The archive is the primary's: a replica only reads from it.
    let archive = configuration.upstream.is_none().then(|| files.archive.clone());
    let folders = [files.folder.clone(), files.configuration(), files.sockets.clone()];
    for path in folders.iter().chain(&archive) {
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
