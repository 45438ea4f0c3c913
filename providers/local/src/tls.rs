//! TLS on this machine: one private authority for each environment, which signs a certificate for every server.
//!
//! A client verifies all servers of an environment by one file. The authority's key lies sealed, and is opened only to
//! sign. The key of a server has to lie in clear, because the server reads it when it starts: in the server's own folder,
//! readable by its owner alone, and never in a state or a plan.

pub mod authority;
pub mod certificate;

use std::path::PathBuf;

use infra_model::sealing::OpenError;
use infra_provider::error::ErrorKind;
use thiserror::Error;

use crate::host::disk::DiskError;
use crate::postgres::kind::explain::Explain;

/// Why there is no certificate.
#[derive(Debug, Error)]
pub enum TlsError {
    /// It could not be made.
    #[error("A certificate cannot be made")]
    Make(#[from] rcgen::Error),
    /// A file could not be read or written.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Another key sealed the authority's key, or it was altered.
    #[error("The key of the certificate authority in `{}` cannot be opened", .file.display())]
    Sealed {
        /// The file.
        file: PathBuf,
        /// Why.
        source: OpenError,
    },
}

impl Explain for TlsError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Environment
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Disk(error) => error.hint(),
            Self::Sealed { .. } => Some("Use the identity that this environment was made with".to_owned()),
            Self::Make(_) => None,
        }
    }
}
