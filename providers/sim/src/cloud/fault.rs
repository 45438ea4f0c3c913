//! Faults: what can go wrong with a call, and rules that order it for one.

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
    /// It happens but for a part, which is refused with this kind of error; the object does not show that it lacks it.
    RefusePart(ErrorKind),
    /// It takes so much longer.
    Delay(Duration),
    /// The cloud fails inside before anything happened; its answer does not say so.
    FailBefore,
    /// The cloud fails inside after it happened; its answer does not say so.
    FailAfter,
    /// The connection breaks off, and the request arrives so much later all the same.
    ArriveLate(Duration),
    /// It arrives twice, the second time so much later. A create of a type that takes two for two arrives twice at
    /// once, and its answer is lost.
    Repeat(Duration),
    /// It is accepted and fails at its end, so much later. A create leaves something half-made.
    FailLate(Duration),
    /// A create is accepted at once, and the object is finished so much later.
    RunLong(Duration),
    /// A create happens, but the object is not shown at once.
    Hide {
        /// After what time lists show it.
        lists: Duration,
        /// After what time it is found by its identity.
        reads: Duration,
        /// Whether there is an answer; else it is lost.
        reply: bool,
    },
    /// A list shows the world as it was so long ago.
    Stale(Duration),
}

/// A sort of fault, for chances and for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// Refused without effect: out of order, busy, or not allowed now.
    Refused,
    /// Too many requests.
    Throttled,
    /// The request was lost.
    RequestLost,
    /// An internal error before the effect.
    FailedBefore,
    /// The answer was lost.
    ReplyLost,
    /// An internal error after the effect.
    FailedAfter,
    /// The connection broke off, and the request arrived later.
    ArrivedLate,
    /// The request arrived twice.
    Repeated,
    /// A long-running operation failed at its end.
    FailedLate,
    /// A create was accepted, and the object was finished later.
    RanLong,
    /// A new object was not shown at once.
    Hidden,
    /// A create stopped half-way.
    HalfMade,
    /// The call took far longer.
    Delayed,
    /// A list lagged behind.
    Stale,
    /// The engine died, and its request arrived all the same.
    Outlived,
    /// A create was refused for its type's quota.
    OverQuota,
    /// A create was refused because its name was used a moment ago.
    NameReserved,
    /// A delete was refused because something stands on the object.
    InUse,
}

impl FaultKind {
    /// All of them.
    pub const ALL: [FaultKind; 18] = [
        FaultKind::Refused,
        FaultKind::Throttled,
        FaultKind::RequestLost,
        FaultKind::FailedBefore,
        FaultKind::ReplyLost,
        FaultKind::FailedAfter,
        FaultKind::ArrivedLate,
        FaultKind::Repeated,
        FaultKind::FailedLate,
        FaultKind::RanLong,
        FaultKind::Hidden,
        FaultKind::HalfMade,
        FaultKind::Delayed,
        FaultKind::Stale,
        FaultKind::Outlived,
        FaultKind::OverQuota,
        FaultKind::NameReserved,
        FaultKind::InUse,
    ];
}

impl Fault {
    /// Returns its sort.
    #[must_use]
    pub fn kind(&self) -> FaultKind {
        match self {
            Fault::Refuse(_) | Fault::RefusePart(_) => FaultKind::Refused,
            Fault::Throttle { .. } => FaultKind::Throttled,
            Fault::LoseRequest => FaultKind::RequestLost,
            Fault::FailBefore => FaultKind::FailedBefore,
            Fault::LoseReply => FaultKind::ReplyLost,
            Fault::FailAfter => FaultKind::FailedAfter,
            Fault::ArriveLate(_) => FaultKind::ArrivedLate,
            Fault::Repeat(_) => FaultKind::Repeated,
            Fault::FailLate(_) => FaultKind::FailedLate,
            Fault::RunLong(_) => FaultKind::RanLong,
            Fault::LoseReplyAndHide(_) | Fault::Hide { .. } => FaultKind::Hidden,
            Fault::HalfMake => FaultKind::HalfMade,
            Fault::Delay(_) => FaultKind::Delayed,
            Fault::Stale(_) => FaultKind::Stale,
        }
    }
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
