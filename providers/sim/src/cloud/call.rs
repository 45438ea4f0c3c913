//! Calls as the cloud sees them: its log, which tests count and order.

use infra_model::address::Address;
use infra_provider::error::{ErrorKind, ProviderError};
use tokio::time::Instant;

use super::fault::FaultKind;

/// What is asked of the cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallKind {
    /// Looks at known objects.
    Observe,
    /// Looks for an object that a create may have made.
    Find,
    /// Reads an object by its identity.
    Read,
    /// Makes an object.
    Create,
    /// Changes an object.
    Update,
    /// Deletes an object.
    Delete,
}

impl CallKind {
    /// Tells whether the call may change something.
    #[must_use]
    pub fn changes(self) -> bool {
        matches!(self, CallKind::Create | CallKind::Update | CallKind::Delete)
    }
}

/// A call that the cloud received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// What was asked.
    pub kind: CallKind,
    /// Of which type.
    pub resource_type: String,
    /// For which resource; none where the call is about many.
    pub address: Option<Address>,
    /// When it was sent.
    pub began: Instant,
    /// When it ended; none if its engine died before.
    pub ended: Option<Instant>,
    /// How it ended.
    pub end: CallEnd,
    /// What went wrong on the way.
    pub fault: Option<FaultKind>,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallEnd {
    /// It has not, or its engine died before.
    Open,
    /// With an answer.
    Answered,
    /// With an error.
    Failed(ErrorKind),
}

/// A call about to be made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) kind: CallKind,
    pub(crate) resource_type: &'a str,
    pub(crate) address: Option<&'a Address>,
}

impl Request<'_> {
    /// Returns the error of a call that changed nothing.
    pub(crate) fn refused(self, kind: ErrorKind, message: &str) -> ProviderError {
        ProviderError::rejected(kind, self.operation(), message)
    }

    /// Returns the error of a call that nobody knows the end of.
    pub(crate) fn lost(self) -> ProviderError {
        ProviderError::unknown(
            ErrorKind::Unavailable,
            self.operation(),
            "The connection broke off",
        )
    }

    /// Returns the error of a cloud that failed inside and cannot say what it did.
    pub(crate) fn broken(self) -> ProviderError {
        ProviderError {
            code: Some("InternalError".to_owned()),
            ..ProviderError::unknown(ErrorKind::Unavailable, self.operation(), "Something went wrong")
        }
    }

    /// Returns the error of an operation that was accepted and failed.
    pub(crate) fn failed_late(self) -> ProviderError {
        ProviderError {
            code: Some("OperationFailed".to_owned()),
            ..ProviderError::unknown(ErrorKind::Unavailable, self.operation(), "The operation failed")
        }
    }

    /// Tells whether the cloud takes the same create twice for two creates. Only who gets no answer sends it again.
    pub(crate) fn makes_two_of_two(self) -> bool {
        self.kind == CallKind::Create && self.resource_type == "sim.tagged.thing"
    }

    fn operation(self) -> String {
        format!("sim.{:?} {}", self.kind, self.resource_type)
    }
}

impl Call {
    pub(crate) fn begin(request: Request<'_>, fault: Option<FaultKind>) -> Self {
        Call {
            kind: request.kind,
            resource_type: request.resource_type.to_owned(),
            address: request.address.cloned(),
            began: Instant::now(),
            ended: None,
            end: CallEnd::Open,
            fault,
        }
    }
}
