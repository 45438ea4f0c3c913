//! Errors of operations, sorted by who must act.

use infra_apply::observe::ObserveError;
use infra_apply::recovery::UnresolvedIntent;
use infra_model::approval::ApprovalError;
use infra_model::diagnostic::{Diagnostic, SourceMap};
use infra_model::plan::PlanFileError;
use infra_model::record::RecordKey;
use infra_plan::error::PlanError;
use infra_provider::error::{ErrorKind, ProviderError};
use infra_state::archive::ArchiveError;
use infra_state::audit::AuditError;
use infra_state::contract::StoreError;
use infra_state::sealing::error::KeyError;

/// Who must act on an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The user: the stack, the state or the request does not allow it.
    User,
    /// Whoever runs the machine, the network, the cloud or the store.
    Environment,
    /// Nobody: another run has the environment, and will have done with it.
    Nobody,
    /// We: it is a defect.
    Bug,
}

/// An operation failed before it changed anything, or says what it left.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The stack has mistakes.
    #[error("The stack has {} to mend", errors(.diagnostics))]
    Configuration {
        /// All of them.
        diagnostics: Vec<Diagnostic>,
        /// The files they point into.
        sources: Box<SourceMap>,
    },
    /// The provider cannot make what the stack wants, on this machine or at all.
    #[error("The provider `{provider}` cannot make this; {} in the way", obstacles(.diagnostics))]
    Lowering {
        /// The provider's name.
        provider: String,
        /// All that stands in the way.
        diagnostics: Vec<Diagnostic>,
        /// The files they point into.
        sources: Box<SourceMap>,
    },
    /// The state refuses or fails.
    #[error("The state of environment `{environment}` cannot be used")]
    Store {
        /// The environment.
        environment: String,
        /// Why.
        #[source]
        source: StoreError,
    },
    /// The data key does not open.
    #[error("The secrets of environment `{environment}` cannot be opened")]
    Key {
        /// The environment.
        environment: String,
        /// Why.
        #[source]
        source: KeyError,
    },
    /// The data key does not open, and nothing is sealed with it.
    #[error("The secrets of environment `{environment}` cannot be opened, and its state records nothing")]
    EmptyState {
        /// The environment.
        environment: String,
        /// Why.
        #[source]
        source: KeyError,
    },
    /// There is nothing to look at.
    #[error("Environment `{environment}` has never been applied")]
    NeverApplied {
        /// The environment.
        environment: String,
    },
    /// A provider fails.
    #[error("The provider `{provider}` fails")]
    Provider {
        /// The provider's name.
        provider: String,
        /// Why.
        #[source]
        source: Box<ProviderError>,
    },
    /// The provider cannot say what exists.
    #[error("The provider `{provider}` cannot say what exists")]
    Observe {
        /// The provider's name.
        provider: String,
        /// Why.
        #[source]
        source: Box<ObserveError>,
    },
    /// What an earlier run left open cannot be resolved now.
    #[error("What an earlier run began in environment `{environment}` cannot be resolved now: {}", unresolved(.open))]
    Unresolved {
        /// The environment.
        environment: String,
        /// What is open.
        open: Vec<UnresolvedIntent>,
    },
    /// No plan can be made.
    #[error("No plan can be made")]
    Plan(#[source] Box<PlanError>),
    /// No plan can be made, because the stack names another place than the one where the objects are.
    #[error("{moved}")]
    Elsewhere {
        /// What the place was called, and what the stack says.
        moved: String,
        /// How to stay.
        hint: String,
        /// What would be destroyed.
        #[source]
        source: Box<PlanError>,
    },
    /// A plan file cannot be used.
    #[error("The plan file `{path}` cannot be used")]
    PlanFile {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: PlanFileError,
    },
    /// An archive of a state cannot be used.
    #[error("The archive `{path}` cannot be used")]
    Archive {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: ArchiveError,
    },
    /// The history is not what was written, or does not lead to the state.
    #[error("The history of environment `{environment}` does not hold")]
    Audit {
        /// The environment.
        environment: String,
        /// Where and why.
        #[source]
        source: AuditError,
    },
    /// An environment that was stopped does not start, so nothing was applied to it.
    #[error("Environment `{environment}` was stopped and cannot be started: `{key}` fails")]
    NotStarted {
        /// The environment.
        environment: String,
        /// What fails.
        key: Box<RecordKey>,
        /// Why.
        #[source]
        source: Box<ProviderError>,
    },
    /// A plan file is not what was written.
    #[error("The plan file `{path}` was altered or cut short: it does not fit its digest")]
    PlanAltered {
        /// The file.
        path: String,
    },
    /// A file cannot be read or written.
    #[error("The file `{path}` cannot be {attempt}")]
    File {
        /// The file.
        path: String,
        /// `read` or `written`.
        attempt: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The plan may not be applied.
    #[error("The plan may not be applied")]
    Approval(#[from] ApprovalError),
    /// Something the user named does not exist or does not fit.
    #[error("{message}")]
    Request {
        /// What.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// A promise between stages was broken.
    #[error("{message}")]
    Defect {
        /// Which.
        message: String,
    },
}

impl EngineError {
    /// Returns an error about what the user asked for.
    #[must_use]
    pub fn request(message: impl Into<String>, hint: impl Into<String>) -> Self {
        EngineError::Request {
            message: message.into(),
            hint: Some(hint.into()),
        }
    }

    /// Returns an error about the state of an environment.
    pub(crate) fn store(environment: &str, source: StoreError) -> Self {
        EngineError::Store {
            environment: environment.to_owned(),
            source,
        }
    }

    /// Returns an error about the key to an environment's secrets.
    pub(crate) fn key(environment: &str, source: KeyError) -> Self {
        EngineError::Key {
            environment: environment.to_owned(),
            source,
        }
    }

    /// Returns an error that must not happen.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "`map_err` hands errors over by value"
    )]
    pub(crate) fn defect(message: impl ToString) -> Self {
        EngineError::Defect {
            message: message.to_string(),
        }
    }

    /// Returns who must act.
    #[must_use]
    pub fn actor(&self) -> Actor {
        match self {
            // A file that is not there was named wrongly; any other failure is the disk's.
            EngineError::File { source, .. } if source.kind() == std::io::ErrorKind::NotFound => Actor::User,
            // The stack names the wrong store.
            EngineError::Store {
                source: StoreError::Moved { .. } | StoreError::Arriving { .. },
                ..
            } => Actor::User,
            EngineError::Store {
                source: StoreError::Held { .. },
                ..
            } => Actor::Nobody,
            EngineError::Store { .. }
            | EngineError::File { .. }
            | EngineError::Observe { .. }
            | EngineError::NotStarted { .. }
            | EngineError::Unresolved { .. } => Actor::Environment,
            EngineError::Provider { source, .. } => match source.kind {
                ErrorKind::Bug => Actor::Bug,
                ErrorKind::Invalid | ErrorKind::Foreign | ErrorKind::AlreadyExists | ErrorKind::NotFound => {
                    Actor::User
                }
                _ => Actor::Environment,
            },
            EngineError::Defect { .. } => Actor::Bug,
            _ => Actor::User,
        }
    }

    /// Returns what to do about it, as far as the error itself knows.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            EngineError::Store {
                source: StoreError::Held { .. },
                ..
            } => Some(
                "Wait for it with: --wait SECONDS. A holder that died loses the environment by itself"
                    .to_owned(),
            ),
            EngineError::Store { source, .. } => source.hint().map(str::to_owned),
            EngineError::Key { source, .. } => source.hint(),
            EngineError::EmptyState { environment, .. } => Some(format!(
                "Nothing is lost with it: move .infra/{environment}/state away, and the next apply makes a new one"
            )),
            EngineError::Provider { source, .. } | EngineError::NotStarted { source, .. } => {
                source.hint.clone()
            }
            EngineError::Unresolved { .. } => {
                Some("Nothing was changed; run the command again once the provider can be asked".to_owned())
            }
            EngineError::Plan(error) => error.hint(),
            EngineError::NeverApplied { environment } => {
                Some(format!("See what would be made with: infra plan {environment}"))
            }
            EngineError::PlanFile { .. } | EngineError::PlanAltered { .. } => {
                Some("Make a new one with: infra plan ENVIRONMENT --out FILE".to_owned())
            }
            EngineError::Audit { .. } => Some(
                "Something changed it past the engine: keep it as it is, and compare it with an earlier copy of: infra \
                 state pull ENVIRONMENT"
                    .to_owned(),
            ),
            EngineError::Approval(error) => Some(approval_hint(error).to_owned()),
            EngineError::Elsewhere { hint, .. } => Some(hint.clone()),
            EngineError::Request { hint, .. } => hint.clone(),
            _ => None,
        }
    }
}

fn approval_hint(error: &ApprovalError) -> &'static str {
    match error {
        ApprovalError::Missing { .. } => {
            "Nothing was changed; see what would change with: infra plan ENVIRONMENT"
        }
        ApprovalError::Expired { .. } | ApprovalError::Plan(_) => "Make a new plan and review it",
    }
}

fn unresolved(open: &[UnresolvedIntent]) -> String {
    open.iter()
        .map(|one| format!("{} `{}`: {}", one.action, one.key, one.error))
        .collect::<Vec<_>>()
        .join("; ")
}

fn errors(diagnostics: &[Diagnostic]) -> String {
    match count(diagnostics) {
        1 => "one mistake".to_owned(),
        count => format!("{count} mistakes"),
    }
}

fn obstacles(diagnostics: &[Diagnostic]) -> String {
    match count(diagnostics) {
        1 => "one thing stands".to_owned(),
        count => format!("{count} things stand"),
    }
}

fn count(diagnostics: &[Diagnostic]) -> usize {
    diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.is_error())
        .count()
}
