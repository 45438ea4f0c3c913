//! What every operation on servers needs besides its own request: the programs, and as whom servers run.

use std::time::Duration;

use thiserror::Error;

use super::installation::{Installation, InstallationError};
use crate::host::launch::{Account, Launch, Place};
use crate::host::programs::Programs;
use crate::host::run::{RunError, RunRequest, run};

/// How long a tool that only prints something may take on a machine that is busy.
const PRINT_WITHIN: Duration = Duration::from_secs(10);

/// The programs of one PostgreSQL version on this machine.
#[derive(Debug, Clone)]
pub struct Tools {
    /// The server and its own tools.
    pub installation: Installation,
    /// Everything else.
    pub programs: Programs,
    /// The name under which a server sees the caller at its unix socket.
    pub peer: String,
    /// Whether the server was built with TLS.
    pub tls: bool,
}

/// Why the tools cannot be put together.
#[derive(Debug, Error)]
pub enum ToolsError {
    /// The server is not installed, or its program does not run.
    #[error(transparent)]
    Installation(#[from] InstallationError),
    /// Who runs it cannot be found out.
    #[error("The user of PostgreSQL cannot be found out")]
    Account(#[from] RunError),
}

/// Finds out as whom servers see the caller and what the build can do, and puts the tools together.
///
/// # Errors
/// [`ToolsError`] when one of the programs cannot be run.
pub async fn assemble(installation: Installation, programs: Programs) -> Result<Tools, ToolsError> {
    let (peer, tls) = tokio::join!(peer_name(&programs), installation.has_tls());
    Ok(Tools {
        peer: peer?,
        tls: tls?,
        installation,
        programs,
    })
}

/// Asks for the name from where a server stands: as root that is a user namespace, in which the caller is `nobody`.
async fn peer_name(programs: &Programs) -> Result<String, RunError> {
    let mut launch = Launch::new(programs.require("id")?);
    launch.arguments = vec!["-un".into()];
    launch.account = Account::NotRoot;
    launch.place = Place::Host;
    let output = run(
        RunRequest {
            launch,
            input: Vec::new(),
            within: PRINT_WITHIN,
        },
        programs,
    )
    .await?;
    Ok(output.stdout.trim().to_owned())
}
