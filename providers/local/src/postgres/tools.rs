//! What every operation on servers needs besides its own request: the programs, and as whom servers run.

use std::time::Duration;

use thiserror::Error;

use super::installation::{Installation, InstallationError};
use crate::host::launch::{Account, Launch, Place};
use crate::host::programs::Programs;
use crate::host::run::{RunError, RunRequest, run};

/// The user as whom servers run that must not see root, by number.
const NOBODY: &str = "65534";
/// How long a tool that only prints something may take on a machine that is busy.
const PRINT_WITHIN: Duration = Duration::from_secs(10);

/// The programs of one PostgreSQL version on this machine.
#[derive(Debug, Clone)]
pub struct Tools {
    /// The server and its own tools.
    pub installation: Installation,
    /// Everything else.
    pub programs: Programs,
    /// The names under which servers see the caller at their unix sockets.
    pub peers: Peers,
    /// Whether the server was built with TLS.
    pub tls: bool,
}

/// The names under which servers see the caller at their unix sockets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peers {
    /// Of a server that runs on the host or in a namespace of it.
    pub on_host: String,
    /// Of a server in the namespaces of a holder, where the caller was made root and is then made nobody.
    pub in_holder: String,
}

impl Peers {
    /// Returns the name that a server in a place sees.
    #[must_use]
    pub fn seen_from(&self, place: &Place) -> &str {
        match place {
            Place::Holder { .. } => &self.in_holder,
            _ => &self.on_host,
        }
    }
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
    let (on_host, in_holder, tls) = tokio::join!(
        name_of(&[], &programs),
        name_of(&[NOBODY], &programs),
        installation.has_tls()
    );
    // Where nobody has no name, nothing can run in a holder, and the name is never used.
    let in_holder = in_holder.unwrap_or_else(|_| "nobody".to_owned());
    let peers = Peers {
        on_host: on_host?,
        in_holder,
    };
    Ok(Tools {
        peers,
        tls: tls?,
        installation,
        programs,
    })
}

/// Asks for a user's name from where a server stands: as root that is a user namespace, in which the caller is nobody.
async fn name_of(user: &[&str], programs: &Programs) -> Result<String, RunError> {
    let mut launch = Launch::new(programs.require("id")?);
    launch.arguments = std::iter::once("-un")
        .chain(user.iter().copied())
        .map(Into::into)
        .collect();
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
