//! The limits on concurrency as something to wait at.

use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::concurrency::{CallEnd, ConcurrencyPolicy, Limits, Slot};

/// How long an API usually takes at most to refuse a call because of the load. What goes on for longer it has taken,
/// although its end may be minutes away: a limit that waited for the end of calls would be found when all is made.
const ROUND: Duration = Duration::from_millis(250);

/// Lets calls through as the limits allow.
#[derive(Debug)]
pub(crate) struct Gate {
    limits: Mutex<Limits>,
    freed: Notify,
}

impl Gate {
    pub(crate) fn new(policy: ConcurrencyPolicy) -> Self {
        Gate {
            limits: Mutex::new(Limits::new(policy)),
            freed: Notify::new(),
        }
    }

    pub(crate) fn has_room(&self, group: &str) -> bool {
        self.limits().has_room(group)
    }

    /// Takes a slot for a new call. The caller has made sure that there is room.
    pub(crate) fn enter(&self, group: &str) -> Pass<'_> {
        Pass {
            gate: self,
            slot: Some(self.limits().enter(group)),
        }
    }

    /// Waits for `pause`, then for a slot, before all new calls.
    pub(crate) async fn enter_after(
        &self,
        group: &str,
        pause: impl Future<Output = bool>,
    ) -> Option<Pass<'_>> {
        let waiting = Waiting::announce(self, group);
        if !pause.await {
            return None;
        }
        loop {
            let freed = self.freed.notified();
            let slot = self.limits().enter_again(group);
            if let Some(slot) = slot {
                waiting.done();
                return Some(Pass {
                    gate: self,
                    slot: Some(slot),
                });
            }
            freed.await;
        }
    }

    /// Waits until a call has left.
    pub(crate) async fn freed(&self) {
        self.freed.notified().await;
    }

    fn limits(&self) -> MutexGuard<'_, Limits> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to run one call. A step that ends without a call gives it back silently.
#[derive(Debug)]
pub(crate) struct Pass<'a> {
    gate: &'a Gate,
    slot: Option<Slot>,
}

impl Pass<'_> {
    /// Makes the call and tells the limits at each round that the API goes on with it.
    pub(crate) async fn during<T>(&self, call: impl Future<Output = T>) -> T {
        let mut call = pin!(call);
        loop {
            tokio::select! {
                biased;
                answer = &mut call => return answer,
                () = tokio::time::sleep(ROUND) => self.goes_on(),
            }
        }
    }

    fn goes_on(&self) {
        if let Some(slot) = &self.slot {
            self.gate.limits().goes_on(slot);
            self.gate.freed.notify_waiters();
        }
    }

    /// Gives the right back and says how the call ended.
    pub(crate) fn leave(mut self, end: CallEnd) {
        self.give_back(end);
    }

    fn give_back(&mut self, end: CallEnd) {
        if let Some(slot) = self.slot.take() {
            self.gate.limits().leave(slot, end);
            self.gate.freed.notify_waiters();
        }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.give_back(CallEnd::Silent);
    }
}

/// A call that will be tried again, until it gets its slot or gives up.
struct Waiting<'a> {
    gate: &'a Gate,
    group: &'a str,
    announced: bool,
}

impl<'a> Waiting<'a> {
    fn announce(gate: &'a Gate, group: &'a str) -> Self {
        gate.limits().wait(group);
        Waiting {
            gate,
            group,
            announced: true,
        }
    }

    fn done(mut self) {
        self.announced = false;
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.announced {
            self.gate.limits().give_up(self.group);
            self.gate.freed.notify_waiters();
        }
    }
}
