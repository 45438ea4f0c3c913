//! Sorts the errors of PostgreSQL's modules into the kinds that callers tell apart.

use std::error::Error;

use infra_provider::error::ErrorKind;
use tokio_postgres::error::SqlState;

use crate::host::disk::DiskError;
use crate::host::process::ProcessError;
use crate::host::run::RunError;
use crate::host::run_directory::RunDirectoryError;
use crate::network::error::NetworkError;
use crate::postgres::certificate::CertificateError;
use crate::postgres::connection::ConnectionError;
use crate::postgres::installation::InstallationError;
use crate::postgres::installed::{InstalledError, Malformed};
use crate::postgres::marker::MarkerError;
use crate::postgres::parameter::ParameterError;
use crate::postgres::pooler::process::PoolerError;
use crate::postgres::primary::PrimaryError;
use crate::postgres::replica::ReplicaError;
use crate::postgres::seeding::SeedError;
use crate::postgres::server::ServerError;
use crate::postgres::template::TemplateError;
use crate::postgres::tools::ToolsError;

/// An error that says who must act and what to do.
pub trait Explain: Error + Send + Sync + 'static {
    /// Returns the kind of failure.
    fn kind(&self) -> ErrorKind;

    /// Returns what the user can do about it.
    fn hint(&self) -> Option<String> {
        None
    }
}

impl Explain for DiskError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Foreign { .. } => ErrorKind::Foreign,
            _ => ErrorKind::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        DiskError::hint(self)
    }
}

impl Explain for ProcessError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Environment
    }
}

impl Explain for RunError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Environment
    }
}

impl Explain for RunDirectoryError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Environment
    }

    fn hint(&self) -> Option<String> {
        RunDirectoryError::hint(self)
    }
}

impl Explain for NetworkError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::RouterGone { .. } | Self::SegmentGone { .. } => ErrorKind::NotFound,
            Self::Full { .. } => ErrorKind::Quota,
            _ => ErrorKind::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        NetworkError::hint(self)
    }
}

impl Explain for CertificateError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Environment
    }
}

impl Explain for Malformed {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Bug
    }
}

impl Explain for InstallationError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Environment
    }

    fn hint(&self) -> Option<String> {
        InstallationError::hint(self)
    }
}

impl Explain for ToolsError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Environment
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Installation(error) => error.hint(),
            Self::Account(_) => None,
        }
    }
}

impl Explain for MarkerError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Foreign { .. } | Self::Other { .. } => ErrorKind::Foreign,
            Self::Newer { .. } => ErrorKind::Invalid,
            Self::Damaged { .. } | Self::Disk(_) => ErrorKind::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        MarkerError::hint(self)
    }
}

impl Explain for ParameterError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Managed { .. } | Self::Refused { .. } => ErrorKind::Invalid,
            Self::Unchecked(_) => ErrorKind::Environment,
        }
    }
}

impl Explain for ConnectionError {
    fn kind(&self) -> ErrorKind {
        match self {
            // A statement that others' objects stand in the way of: something depends on it.
            Self::Statement { code: Some(code), .. } if code == "2BP01" => ErrorKind::Invalid,
            // Insufficient resources: the disk is full, or memory.
            Self::Statement { code: Some(code), .. } if code.starts_with("53") => ErrorKind::Environment,
            Self::Statement { code: Some(_), .. } => ErrorKind::Invalid,
            Self::Refused { source, .. } if source.code().is_some_and(is_lasting) => ErrorKind::Environment,
            _ => ErrorKind::Unavailable,
        }
    }
}

/// Says whether a server will refuse a connection again: the role may not log in, or the database is not there or was
/// half removed. A server that is starting, ending or full says something else.
fn is_lasting(code: &SqlState) -> bool {
    let code = code.code();
    code.starts_with("28") || ["3D000", "42501", "55000"].contains(&code)
}

impl Explain for SeedError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Connection(error) => error.kind(),
            Self::Refused { code, .. } | Self::Unfinished { code, .. } => of_seed(code),
            Self::Escaped { .. } => ErrorKind::Invalid,
            Self::Taken { .. } | Self::Foreign => ErrorKind::AlreadyExists,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Refused { hint: Some(hint), .. } => Some(hint.clone()),
            Self::Refused { .. } | Self::Unfinished { .. } if self.kind() != ErrorKind::Invalid => {
                Some("Nothing of the seed was kept, and nothing says that its files are wrong: apply again".to_owned())
            }
            Self::Refused { .. } | Self::Unfinished { .. } => {
                Some("Nothing of the seed was kept. Correct the file, then apply again".to_owned())
            }
            Self::Escaped { .. } => Some(
                "Look at what it left in the database, take that statement out of the file, then apply again".to_owned(),
            ),
            Self::Foreign => Some(
                "If it came with a backup, as an administrator of the server: drop schema infra_seeds cascade. The seeds run \
                 once more then. Else give yours another name"
                    .to_owned(),
            ),
            Self::Connection(_) | Self::Taken { .. } => None,
        }
    }
}

/// Returns whether the text of a seed, the moment or the machine is at fault.
fn of_seed(code: &SqlState) -> ErrorKind {
    match code.code() {
        // Deadlocks and serialization; a lock that was not had in time; a server that ends.
        "55P03" => ErrorKind::Unavailable,
        code if code.starts_with("40") || code.starts_with("57P0") => ErrorKind::Unavailable,
        // Insufficient resources: the disk is full, or memory, or connections.
        code if code.starts_with("53") => ErrorKind::Environment,
        _ => ErrorKind::Invalid,
    }
}

impl Explain for InstalledError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Marker(error) => error.kind(),
            Self::Disk(error) => error.kind(),
            Self::Malformed(error) => error.kind(),
            Self::Run(error) => error.kind(),
            Self::Network(error) => error.kind(),
            Self::Certificate(error) => error.kind(),
            Self::Gone { .. } => ErrorKind::NotFound,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Marker(error) => error.hint(),
            Self::Disk(error) => error.hint(),
            Self::Run(error) => error.hint(),
            Self::Network(error) => error.hint(),
            Self::Malformed(_) | Self::Certificate(_) | Self::Gone { .. } => None,
        }
    }
}

impl Explain for ServerError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Connection(error) => error.kind(),
            Self::Data(crate::postgres::data_directory::DataDirectoryError::Foreign { .. }) => {
                ErrorKind::Foreign
            }
            _ => ErrorKind::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        ServerError::hint(self)
    }
}

impl Explain for TemplateError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Environment
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Installation(error) => error.hint(),
            Self::Disk(error) => error.hint(),
            Self::Initialise(_) | Self::Process(_) => None,
        }
    }
}

impl Explain for PrimaryError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Template(error) => error.kind(),
            Self::Server(error) => error.kind(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Template(error) => Explain::hint(error),
            Self::Server(error) => error.hint(),
        }
    }
}

impl Explain for ReplicaError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Template(error) => error.kind(),
            Self::Server(error) => error.kind(),
            Self::BaseBackup(error) => error.kind(),
            Self::NotFollowing { .. } => ErrorKind::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Template(error) => Explain::hint(error),
            Self::Server(error) => error.hint(),
            Self::BaseBackup(_) | Self::NotFollowing { .. } => None,
        }
    }
}

impl Explain for PoolerError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Connection(error) => error.kind(),
            _ => ErrorKind::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Disk(error) => error.hint(),
            Self::BusyPort { .. } => Some("Stop that process, or give the stack another port".to_owned()),
            _ => None,
        }
    }
}
