//! What lowering must know of this machine: which server there is.

use std::path::Path;

use super::installation::{InstallationError, locate};
use crate::host::programs::Programs;

/// What this machine can offer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RedisFacts {
    /// The major and the whole version of the installed server, if there is one.
    pub installed: Option<(u16, String)>,
    /// Whether it was built with TLS.
    pub tls: bool,
    /// Why there is none that can be used.
    pub fault: Option<String>,
}

/// Looks at what is installed; what cannot be used counts as missing, with its reason.
pub async fn discover(servers: &Path, programs: &Programs) -> RedisFacts {
    match locate(servers, programs).await {
        Ok(found) => RedisFacts {
            installed: Some((found.major, found.version)),
            tls: found.tls,
            fault: None,
        },
        Err(InstallationError::Missing { .. }) => RedisFacts::default(),
        Err(error) => RedisFacts {
            fault: Some(error.to_string()),
            ..RedisFacts::default()
        },
    }
}
