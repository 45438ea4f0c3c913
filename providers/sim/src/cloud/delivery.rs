//! Requests on their way to the cloud. They arrive whether or not anybody still waits for the answer: their sender may
//! be dead, asleep, or have given up.

use std::fmt;

use tokio::time::Instant;

use super::World;

/// What a request does when it arrives.
pub(super) type Effect = Box<dyn FnOnce(&mut World) + Send>;

/// Requests on their way, in the order in which they were sent.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    sent: u64,
    waiting: Vec<Delivery>,
}

/// One request on its way.
pub(super) struct Delivery {
    number: u64,
    pub(super) arrives: Instant,
    subject: String,
    pub(super) effect: Effect,
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
    /// Sends a request and returns its number. The subject says which object it is about, so that requests for one
    /// object keep their order.
    pub(super) fn send(&mut self, arrives: Instant, subject: &str, effect: Effect) -> u64 {
        self.sent += 1;
        self.waiting.push(Delivery {
            number: self.sent,
            arrives,
            subject: subject.to_owned(),
            effect,
        });
        self.sent
    }

    /// Takes out what comes next by now: the first request that has arrived, or one for the same object that was
    /// sent before it.
    pub(super) fn next(&mut self, now: Instant) -> Option<Delivery> {
        let due = self.waiting.iter().filter(|one| one.arrives <= now);
        let first = due.min_by_key(|one| (one.arrives, one.number))?;
        let (arrives, subject) = (first.arrives, &first.subject);
        let at = self.waiting.iter().position(|one| one.subject == *subject)?;
        let delivery = self.waiting.remove(at);
        Some(Delivery { arrives, ..delivery })
    }

    /// Takes a request back that has not arrived.
    pub(super) fn take_back(&mut self, number: u64) -> Option<Delivery> {
        let at = self.waiting.iter().position(|one| one.number == number)?;
        Some(self.waiting.remove(at))
    }

    /// Lets a request that was taken back go on.
    pub(super) fn let_go(&mut self, delivery: Delivery) {
        let at = self.waiting.partition_point(|one| one.number < delivery.number);
        self.waiting.insert(at, delivery);
    }

    /// Returns when the last one arrives.
    pub(super) fn last(&self) -> Option<Instant> {
        self.waiting.iter().map(|one| one.arrives).max()
    }
}
