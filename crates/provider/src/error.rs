//! What a provider says when a call fails: enough to decide about a retry, and what support will ask for.

use std::error::Error;
use std::fmt;
use std::time::Duration;

/// A provider's call failed. The provider classifies; the retry policy lives in `infra-apply` alone.
#[derive(Debug)]
pub struct ProviderError {
    /// What kind of failure.
    pub kind: ErrorKind,
    /// Whether the call may have changed something.
    pub effect: Effect,
    /// What was attempted: `rds.CreateDBInstance`, `start PostgreSQL`.
    pub operation: String,
    /// What went wrong, for people, without secrets.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// The provider's own code of the error.
    pub code: Option<String>,
    /// The provider's id of the request.
    pub request_id: Option<String>,
    /// How long the provider asks to wait before the next try.
    pub retry_after: Option<Duration>,
    /// The cause.
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

/// The kinds of failure that callers tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorKind {
    /// Too many requests.
    Throttled,
    /// The service does not answer or says that it cannot now.
    Unavailable,
    /// The object or its neighbour is busy with another operation.
    Busy,
    /// The object does not exist.
    NotFound,
    /// The name is taken.
    AlreadyExists,
    /// The request is wrong and will stay wrong.
    Invalid,
    /// Credentials are missing, expired or not allowed to do this.
    Denied,
    /// A quota is reached.
    Quota,
    /// Something outside is missing: a program, a port, disk space.
    Environment,
    /// The object belongs to somebody else.
    Foreign,
    /// A defect of the provider.
    Bug,
}

/// Whether a failed call may have changed something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The provider proves that nothing happened.
    None,
    /// Nobody knows; only an observation can tell.
    Unknown,
}

impl ErrorKind {
    /// Tells whether the same call may succeed later.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        matches!(
            self,
            ErrorKind::Throttled | ErrorKind::Unavailable | ErrorKind::Busy
        )
    }
}

impl ProviderError {
    /// Returns an error of a call that is proven to have changed nothing.
    #[must_use]
    pub fn rejected(kind: ErrorKind, operation: impl Into<String>, message: impl Into<String>) -> Self {
        ProviderError {
            kind,
            effect: Effect::None,
            operation: operation.into(),
            message: message.into(),
            hint: None,
            code: None,
            request_id: None,
            retry_after: None,
            source: None,
        }
    }

    /// Returns an error of a call of which nobody knows what it did.
    #[must_use]
    pub fn unknown(kind: ErrorKind, operation: impl Into<String>, message: impl Into<String>) -> Self {
        ProviderError {
            effect: Effect::Unknown,
            ..ProviderError::rejected(kind, operation, message)
        }
    }

    /// Returns it with a way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Returns it with its cause.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for ProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.operation, self.message)?;
        if let Some(code) = &self.code {
            write!(f, " ({code})")?;
        }
        if let Some(request) = &self.request_id {
            write!(f, " [request {request}]")?;
        }
        Ok(())
    }
}

impl Error for ProviderError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_ref()
            .map(|source| &**source as &(dyn Error + 'static))
    }
}
