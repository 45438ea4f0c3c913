//! One server process with its files: a whole Redis, or one node of a cluster.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use infra_model::sealing::Secret;
use thiserror::Error;

use super::access::{self, AccessError, User};
use super::configuration::{Configuration, NodeFiles, Persistence, render};
use super::installation::RedisInstallation;
use super::session::{Endpoint, SessionError};
use crate::host::disk::DiskError;
use crate::host::folder;
use crate::host::launch::Place;
use crate::host::process::ProcessError;
use crate::host::process::stop::StopError;
use crate::host::spawn::SpawnError;

pub mod start;
pub mod state;
pub mod stop;

/// A server to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What its file says.
    pub configuration: Configuration,
    /// The program.
    pub installation: RedisInstallation,
    /// The ownership tag that its process carries.
    pub owner: String,
    /// The network it lives in.
    pub place: Place,
    /// The password of the engine's own user.
    pub engine: Secret,
}

impl Node {
    /// Returns where it answers.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        Endpoint {
            socket: self.configuration.files.socket(),
            password: self.engine.clone(),
        }
    }
}

/// Why a server cannot be started, stopped or asked.
#[derive(Debug, Error)]
pub enum NodeError {
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
    Session(#[from] SessionError),
    /// The engine's password is not at hand.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// Somebody else listens on its port.
    #[error("Port {port} of the Redis server is already in use{}", .holder.as_deref().map(|holder| format!(" by {holder}")).unwrap_or_default())]
    BusyPort {
        /// The address it was to listen on.
        listen: Option<IpAddr>,
        /// The port.
        port: u16,
        /// The process that has it, if it can be seen.
        holder: Option<String>,
    },
    /// There is no room for its data.
    #[error("The disk that holds `{}` is full", .folder.display())]
    DiskFull {
        /// Its folder.
        folder: PathBuf,
    },
    /// It ended while starting.
    #[error("The Redis server ended while it started: {log_tail}")]
    Ended {
        /// What it wrote last.
        log_tail: String,
    },
    /// It runs but does not answer.
    #[error("The Redis server did not answer within {waited:?}: {log_tail}")]
    Late {
        /// How long we waited.
        waited: Duration,
        /// What it wrote last.
        log_tail: String,
    },
    /// It could not write all its data.
    #[error("The Redis server did not write its data")]
    NotWritten,
    /// It hears nothing of the server that it was told to follow.
    #[error("The Redis replica did not hear from its primary at {host}:{port} within {waited:?}")]
    NotFollowing {
        /// The address of the primary.
        host: IpAddr,
        /// Its port.
        port: u16,
        /// How long we waited.
        waited: Duration,
    },
}

impl NodeError {
    /// Returns what the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Disk(error) => error.hint(),
            Self::Access(error) => error.hint(),
            Self::BusyPort { .. } => Some("Stop that process, or give the stack another port".to_owned()),
            Self::NotFollowing { .. } => Some(
                "See the end of `redis.log` in the folder of each of them, then run the command again"
                    .to_owned(),
            ),
            Self::DiskFull { .. } => Some("Make room on this disk, then run the command again".to_owned()),
            _ => None,
        }
    }
}

/// Writes the file that a server is started with.
///
/// # Errors
/// [`DiskError`] when it cannot be written.
pub fn configure(configuration: &Configuration) -> Result<(), DiskError> {
    let files = &configuration.files;
    for directory in [&files.folder, &files.sockets, &files.data()] {
        folder::private_directory(directory)?;
    }
    folder::write_private(&files.main_file(), render(configuration).as_bytes())
}

/// Writes the file of users.
///
/// # Errors
/// [`DiskError`] when it cannot be written.
pub fn write_users(files: &NodeFiles, users: &[User]) -> Result<(), DiskError> {
    folder::private_directory(&files.folder)?;
    folder::write_private(&files.users_file(), access::render(users).as_bytes())
}

/// Returns the way of keeping data to start in, once data that is not to be kept is gone.
///
/// Where an engine died between a server's change to a log of writes and the note of it, the log has everything.
fn to_start_with(configuration: &Configuration) -> Result<Persistence, DiskError> {
    let files = &configuration.files;
    match configuration.settings.persistence {
        Persistence::None => {
            folder::remove_file(&files.data().join("dump.rdb"))?;
            folder::remove_tree(&files.append_only())?;
            Ok(Persistence::None)
        }
        Persistence::Snapshot if files.has_append_only() => Ok(Persistence::AppendOnly),
        kept => Ok(kept),
    }
}
