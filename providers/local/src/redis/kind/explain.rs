//! Who must act on each error of Redis, and what can be done.

use infra_provider::error::ErrorKind;

use crate::postgres::kind::explain::Explain;
use crate::redis::access::AccessError;
use crate::redis::cluster::ClusterError;
use crate::redis::installation::{self, InstallationError};
use crate::redis::node::NodeError;
use crate::redis::node::state::LookError;
use crate::redis::session::SessionError;

impl Explain for InstallationError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Environment
    }

    fn hint(&self) -> Option<String> {
        Some(installation::hint())
    }
}

impl Explain for AccessError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Environment
    }

    fn hint(&self) -> Option<String> {
        AccessError::hint(self)
    }
}

impl Explain for SessionError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Unreachable { .. } | Self::Loading { .. } => ErrorKind::Unavailable,
            Self::Refused { code, .. } => match code.as_deref() {
                // Memory is full, or a snapshot could not be written.
                Some("OOM" | "MISCONF") => ErrorKind::Environment,
                _ => ErrorKind::Invalid,
            },
        }
    }
}

impl Explain for NodeError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Session(error) => error.kind(),
            _ => ErrorKind::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        NodeError::hint(self)
    }
}

impl Explain for LookError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Node(error) => error.kind(),
            Self::Network(error) => error.kind(),
            Self::Marker(error) => error.kind(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Node(error) => error.hint(),
            Self::Network(error) => Explain::hint(error),
            Self::Marker(error) => Explain::hint(error),
        }
    }
}

impl Explain for ClusterError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Node(error) => error.kind(),
            Self::Session(error) => error.kind(),
            // It was waited for already.
            Self::Unsettled { .. } => ErrorKind::Environment,
            Self::NotUnderstood { .. } | Self::TooFew { .. } => ErrorKind::Bug,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Node(error) => error.hint(),
            _ => None,
        }
    }
}
