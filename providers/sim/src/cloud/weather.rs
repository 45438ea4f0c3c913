//! Faults that come by themselves: each sort has a chance, and the seed decides.

use std::collections::BTreeMap;
use std::time::Duration;

use infra_provider::error::ErrorKind;

use super::call::{CallKind, Request};
use super::fault::{Fault, FaultKind};

/// The longest time in which a request arrives whose sender gave up waiting, in milliseconds.
///
/// It is below the time for which a run mistrusts lists after a lost create, and far below that for which a dead
/// engine keeps its lease: later than that a request would make an object that nobody looks for any more.
pub(super) const ARRIVAL_MS_MAX: u64 = 5_000;

/// The longest time after its sending in which a request arrives, in milliseconds: what takes longer is a late answer.
///
/// Front ends give requests up that they could not hand on within half a minute or so. It is below what passes at least
/// until somebody else may conclude that nothing came of a call: two thirds of a lease, and the settling of lists.
pub(super) const TRANSIT_MS_MAX: u64 = 30_000;

/// The longest time for which lists do not show a new object, in milliseconds. Together with a list that lags
/// behind it stays below the time for which a run mistrusts lists.
const HIDING_MS_MAX: u64 = 8_000;

/// The longest time by which a list lags behind, in milliseconds.
const LAG_MS_MAX: u64 = 5_000;

/// What goes wrong by itself. The default is nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Weather(BTreeMap<FaultKind, u32>);

impl Weather {
    /// Returns weather in which nothing goes wrong.
    #[must_use]
    pub fn calm() -> Self {
        Weather::default()
    }

    /// Returns it with a chance for one sort of fault: so many in a thousand calls that can meet it.
    #[must_use]
    pub fn with(mut self, kind: FaultKind, per_mille: u32) -> Self {
        self.0.insert(kind, per_mille);
        self
    }

    /// Returns weather in which every sort of fault has this chance.
    #[must_use]
    pub fn every(per_mille: u32) -> Self {
        FaultKind::ALL
            .iter()
            .fold(Weather::calm(), |weather, kind| weather.with(*kind, per_mille))
    }

    /// Tells whether this sort of fault happens now.
    pub(super) fn brings(&self, kind: FaultKind, random: &mut fastrand::Rng) -> bool {
        let chance = self.0.get(&kind).copied().unwrap_or_default();
        chance > 0 && random.u32(0..1000) < chance
    }

    /// Draws the fault that a call meets, if any.
    pub(super) fn draw(&self, request: Request<'_>, random: &mut fastrand::Rng) -> Option<Fault> {
        if self.0.is_empty() {
            return None;
        }
        let mut drawn = random.u32(0..1000);
        let fitting = self.0.iter().filter(|(kind, _)| can_meet(request.kind, **kind));
        for (kind, chance) in fitting {
            if drawn < *chance {
                return fault(*kind, random);
            }
            drawn -= chance;
        }
        None
    }
}

fn can_meet(call: CallKind, fault: FaultKind) -> bool {
    match fault {
        FaultKind::Refused
        | FaultKind::Throttled
        | FaultKind::RequestLost
        | FaultKind::FailedBefore
        | FaultKind::ReplyLost
        | FaultKind::FailedAfter
        | FaultKind::Delayed => true,
        FaultKind::ArrivedLate | FaultKind::Repeated | FaultKind::FailedLate => call.changes(),
        FaultKind::Hidden | FaultKind::HalfMade | FaultKind::RanLong => call == CallKind::Create,
        FaultKind::Stale => matches!(call, CallKind::Observe | CallKind::Find),
        // These come from what there is, not from the call.
        FaultKind::Outlived | FaultKind::OverQuota | FaultKind::NameReserved | FaultKind::InUse => false,
    }
}

fn fault(kind: FaultKind, random: &mut fastrand::Rng) -> Option<Fault> {
    let mut within = |longest: u64| Duration::from_millis(random.u64(1..=longest));
    Some(match kind {
        FaultKind::Delayed => Fault::Delay(within(60_000)),
        FaultKind::ArrivedLate => Fault::ArriveLate(within(ARRIVAL_MS_MAX)),
        FaultKind::Repeated => Fault::Repeat(within(ARRIVAL_MS_MAX)),
        FaultKind::Stale => Fault::Stale(within(LAG_MS_MAX)),
        FaultKind::FailedLate => Fault::FailLate(within(30_000)),
        FaultKind::RanLong => Fault::RunLong(within(30_000)),
        FaultKind::Hidden => {
            let lists = within(HIDING_MS_MAX / 2);
            let reads = lists + within(HIDING_MS_MAX / 2);
            match random.u32(0..4) {
                0 => Fault::LoseReplyAndHide(reads),
                1 => Fault::Hide {
                    lists: reads,
                    reads: lists,
                    reply: false,
                },
                2 => Fault::Hide {
                    lists,
                    reads,
                    reply: false,
                },
                _ => Fault::Hide {
                    lists,
                    reads,
                    reply: true,
                },
            }
        }
        FaultKind::Throttled => {
            let asked = within(20_000);
            let retry_after = random.bool().then_some(asked);
            Fault::Throttle { retry_after }
        }
        FaultKind::Refused => Fault::Refuse(match random.u32(0..8) {
            0 => ErrorKind::Denied,
            1 | 2 => ErrorKind::Busy,
            _ => ErrorKind::Unavailable,
        }),
        FaultKind::RequestLost => Fault::LoseRequest,
        FaultKind::FailedBefore => Fault::FailBefore,
        FaultKind::ReplyLost => Fault::LoseReply,
        FaultKind::FailedAfter => Fault::FailAfter,
        FaultKind::HalfMade => Fault::HalfMake,
        FaultKind::Outlived | FaultKind::OverQuota | FaultKind::NameReserved | FaultKind::InUse => {
            return None;
        }
    })
}
