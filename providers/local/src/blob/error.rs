//! Why a store of blobs cannot be made, changed or looked at, and who must act.

use std::time::Duration;

use blob_server::control::ControlError;
use infra_model::sealing::OpenError;
use infra_provider::error::ErrorKind;
use thiserror::Error;

use crate::host::disk::DiskError;
use crate::host::process::ProcessError;
use crate::host::process::stop::StopError;
use crate::host::run_directory::RunDirectoryError;
use crate::host::spawn::SpawnError;
use crate::network::error::NetworkError;
use crate::postgres::installed::Malformed;
use crate::postgres::kind::explain::Explain;
use crate::postgres::marker::MarkerError;

/// Why a store of blobs cannot be made, changed or looked at.
#[derive(Debug, Error)]
pub enum BlobError {
    /// A file cannot be read or written.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Its folder is somebody else's.
    #[error(transparent)]
    Marker(#[from] MarkerError),
    /// There is no directory for its socket.
    #[error(transparent)]
    RunDirectory(#[from] RunDirectoryError),
    /// It cannot join its segment.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// Its process could not be started.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
    /// Its process could not be stopped.
    #[error(transparent)]
    Stop(#[from] StopError),
    /// Its process cannot be looked at.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// What lies sealed beside its data does not open.
    #[error("The keys of the blob store cannot be opened")]
    Sealed(#[source] OpenError),
    /// Its inputs are not understood.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// It refuses its bucket, or does not answer.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// Somebody else listens on its port.
    #[error("Port {port} of the blob store is already in use{}", .holder.as_deref().map(|holder| format!(" by {holder}")).unwrap_or_default())]
    BusyPort {
        /// The port.
        port: u16,
        /// The process that has it, if it can be seen.
        holder: Option<String>,
    },
    /// It ended while starting.
    #[error("The blob store ended while it started: {log_tail}")]
    Ended {
        /// What it wrote last.
        log_tail: String,
    },
    /// It runs but does not answer.
    #[error("The blob store did not answer within {waited:?}")]
    Late {
        /// How long we waited.
        waited: Duration,
    },
    /// There is no such store.
    #[error("The blob store `{name}` is gone")]
    Gone {
        /// Its name.
        name: String,
    },
}

/// Where a server that is there and does not do what it should says why.
const SEE_LOG: &str = "See `server.log` in the folder of the store, `.infra/<environment>/blob/<store>`";

fn control_hint(error: &ControlError) -> String {
    match error {
        ControlError::Refused(_) => {
            "Mend what it says and apply again; a file that it calls damaged can be moved out of the store's folder"
        }
        ControlError::Stuck { .. } => {
            "Look whether the disk answers, then apply again: the server goes on where it is"
        }
        ControlError::Silent(_) | ControlError::Late(_) => SEE_LOG,
    }
    .to_owned()
}

impl Explain for BlobError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Marker(error) => error.kind(),
            Self::Network(error) => error.kind(),
            Self::Malformed(error) => error.kind(),
            Self::Gone { .. } => ErrorKind::NotFound,
            _ => ErrorKind::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Disk(error) => error.hint(),
            Self::Marker(error) => error.hint(),
            Self::RunDirectory(error) => error.hint(),
            Self::Network(error) => error.hint(),
            Self::Control(error) => Some(control_hint(error)),
            Self::Late { .. } => Some(SEE_LOG.to_owned()),
            Self::Ended { .. } => Some(
                "Mend what it says and apply again; a file that it calls damaged can be moved out of the store's folder"
                    .to_owned(),
            ),
            Self::BusyPort { .. } => Some("Stop that process, or give the stack another port".to_owned()),
            _ => None,
        }
    }
}
