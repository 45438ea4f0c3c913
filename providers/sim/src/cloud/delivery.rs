//! Requests that arrive without anybody waiting for them: late ones, repeated ones, and those of a dead engine.

use std::fmt;

use tokio::time::Instant;

use super::World;

/// What a request does when it arrives.
pub(super) type Effect = Box<dyn FnOnce(&mut World) + Send>;

/// Requests on their way.
#[derive(Debug, Default)]
pub(super) struct Deliveries(Vec<Delivery>);

struct Delivery {
    arrives: Instant,
    subject: String,
    effect: Effect,
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("arrives", &self.arrives)
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

impl Deliveries {
    /// Sends a request. The subject says which object it is about, so that others for it wait behind it.
    pub(super) fn send(&mut self, arrives: Instant, subject: &str, effect: Effect) {
        self.0.push(Delivery {
            arrives,
            subject: subject.to_owned(),
            effect,
        });
    }

    /// Takes out the first request that has arrived by now.
    pub(super) fn due(&mut self, now: Instant) -> Option<Effect> {
        let due = self.0.iter().enumerate().filter(|(_, one)| one.arrives <= now);
        let (first, _) = due.min_by_key(|(at, one)| (one.arrives, *at))?;
        Some(self.0.remove(first).effect)
    }

    /// Takes out the oldest request for a subject.
    pub(super) fn bound_for(&mut self, subject: &str) -> Option<Effect> {
        let at = self.0.iter().position(|one| one.subject == subject)?;
        Some(self.0.remove(at).effect)
    }

    /// Returns when the last one arrives.
    pub(super) fn last(&self) -> Option<Instant> {
        self.0.iter().map(|one| one.arrives).max()
    }
}
