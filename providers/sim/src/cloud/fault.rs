//! Faults on order: which call goes wrong, and how.

use std::time::Duration;

use infra_model::address::Address;
use infra_provider::error::ErrorKind;

use crate::cloud::call::{CallKind, Request};

/// How a call goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is refused with this kind of error; nothing happens.
    Refuse(ErrorKind),
    /// It is throttled; nothing happens.
    Throttle {
        /// How long the cloud asks to wait.
        retry_after: Option<Duration>,
    },
    /// It is lost before it arrives: nothing happens, and nobody can tell.
    LoseRequest,
    /// It happens, but the answer is lost.
    LoseReply,
    /// It happens, the answer is lost, and lists do not show the object for a while.
    LoseReplyAndHide(Duration),
    /// A create stops half-way and nobody is told.
    HalfMake,
    /// It takes so much longer.
    Delay(Duration),
}

/// Says which calls go wrong, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Which call.
    pub kind: CallKind,
    /// For which resource; none for every one.
    pub address: Option<Address>,
    /// How many such calls pass first.
    pub skip: u32,
    /// How many go wrong then.
    pub times: u32,
    /// How.
    pub fault: Fault,
}

impl Rule {
    /// Returns the rule that the next such call goes wrong.
    #[must_use]
    pub fn next(kind: CallKind, fault: Fault) -> Self {
        Rule {
            kind,
            address: None,
            skip: 0,
            times: 1,
            fault,
        }
    }

    /// Returns it for one resource alone.
    #[must_use]
    pub fn at(self, address: &Address) -> Self {
        Rule {
            address: Some(address.clone()),
            ..self
        }
    }

    /// Returns it for so many calls.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Rule { times, ..self }
    }

    /// Returns it for the calls after so many.
    #[must_use]
    pub fn after(self, skip: u32) -> Self {
        Rule { skip, ..self }
    }

    pub(crate) fn fits(&self, request: Request<'_>) -> bool {
        let here = self.address.is_none() || self.address.as_ref() == request.address;
        self.kind == request.kind && self.times > 0 && here
    }

    pub(crate) fn is_due(&self) -> bool {
        self.skip == 0
    }
}
