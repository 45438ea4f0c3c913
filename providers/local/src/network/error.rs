//! What can go wrong with a network, one kind for each way out.

use std::path::PathBuf;

use crate::host::disk::DiskError;
use crate::host::process::ProcessError;
use crate::host::process::stop::StopError;
use crate::host::programs::MissingProgram;
use crate::host::run::RunError;
use crate::host::spawn::SpawnError;

/// Why an operation on a network failed.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// One of the system's network tools failed.
    #[error("Cannot {action}")]
    Tool {
        /// What was tried, as a verb with its object.
        action: String,
        /// How the tool failed.
        source: RunError,
    },
    /// One of the system's network tools is not installed.
    #[error("A program that segments need is missing")]
    Missing(#[from] MissingProgram),
    /// A tool printed what we do not understand.
    #[error("The answer of `{program}` is not understood")]
    Answer {
        /// The tool.
        program: &'static str,
        /// Where it stops making sense.
        source: serde_json::Error,
    },
    /// A file of ours is damaged.
    #[error("`{}` is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where it stops making sense.
        source: serde_json::Error,
    },
    /// A file of ours cannot be read or written.
    #[error("Cannot keep the network's files")]
    Disk(#[from] DiskError),
    /// The process that holds the namespaces cannot be looked at.
    #[error("Cannot look at the processes of the network")]
    Process(#[from] ProcessError),
    /// The process that holds the namespaces does not start.
    #[error("Cannot start the process that holds the network")]
    Holder(#[source] SpawnError),
    /// The process that holds the namespaces does not end.
    #[error("Cannot stop the process that holds the network")]
    Stop(#[from] StopError),
    /// The router of a segment or of rules does not exist.
    #[error("The router `{router}` does not exist")]
    RouterGone {
        /// Its identity.
        router: String,
    },
    /// The segment that a server shall join does not exist.
    #[error("The segment `{segment}` does not exist")]
    SegmentGone {
        /// Its identity.
        segment: String,
    },
    /// All addresses of a segment are given out.
    #[error("The segment `{segment}` has no free address")]
    Full {
        /// Its identity.
        segment: String,
    },
    /// The rules that the kernel holds are not those that were loaded.
    #[error("The router `{router}` did not take the rules: {found}")]
    RulesNotTaken {
        /// Its identity.
        router: String,
        /// What was read back instead.
        found: String,
    },
    /// A path that no rule allows is open.
    #[error("`{from}` reaches port {port} of `{to}`, which no rule allows")]
    Leak {
        /// The segment that connected.
        from: String,
        /// The segment it reached.
        to: String,
        /// The port.
        port: u16,
    },
    /// A path that a rule allows is closed.
    #[error("`{from}` does not reach port {port} of `{to}`, which a rule allows")]
    Closed {
        /// The segment that connected.
        from: String,
        /// The segment it did not reach.
        to: String,
        /// The port.
        port: u16,
    },
}

impl NetworkError {
    /// Returns what a person can do about it, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Missing(missing) => Some(missing.hint()),
            Self::Disk(error) => error.hint(),
            Self::Tool { .. } if !rustix::process::geteuid().is_root() => {
                Some("A network made by root can only be changed by root".to_owned())
            }
            Self::RouterGone { .. } | Self::SegmentGone { .. } => {
                Some("Plan again: the network is made anew".to_owned())
            }
            Self::Leak { .. } | Self::Closed { .. } | Self::RulesNotTaken { .. } => {
                Some("The router now forwards nothing; look for other nftables rules in it".to_owned())
            }
            _ => None,
        }
    }
}
