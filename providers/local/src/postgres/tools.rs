//! What every operation on servers needs besides its own request: the programs, and as whom servers run.

use std::time::Duration;

use super::installation::Installation;
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
}

/// Finds out as whom servers see the caller, and puts the tools together.
///
/// # Errors
/// [`RunError`] when `id` cannot be run.
pub async fn assemble(installation: Installation, programs: Programs) -> Result<Tools, RunError> {
    let peer = peer_name(&programs).await?;
    Ok(Tools {
        installation,
        programs,
        peer,
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
