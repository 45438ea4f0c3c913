//! The life of one engine: the boundaries that it crosses, and the one at which it dies or is paused.
//!
//! A boundary lies before and after every call to the store and to the provider. Death drops the engine's future
//! there; what it sent before is on its way all the same. A pause is a process that is not scheduled: nothing of it
//! runs until the pause is over, its heartbeat neither.

use std::fmt;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::trace::Trace;

/// One engine from its start to its end. Clones are the same engine.
#[derive(Clone, Debug)]
pub struct Life(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    fate: Fate,
    crossed: AtomicU64,
    dead: AtomicBool,
    death: Notify,
    paused: Mutex<Option<Instant>>,
    was_paused: AtomicBool,
    epoch: AtomicU64,
    trace: Trace,
}

/// What becomes of an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It lives as long as it wants.
    Lives,
    /// It dies at its n-th boundary.
    DiesAt(u64),
    /// It dies after a time, wherever it is then.
    DiesAfter(Duration),
    /// It is paused at its n-th boundary, for a time.
    Pauses(u64, Duration),
}

/// Where a boundary lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Before a call to the store.
    BeforeStore,
    /// After a call to the store.
    AfterStore,
    /// Before a call to the provider.
    BeforeCall,
    /// After a call to the provider.
    AfterCall,
}

impl Life {
    /// Begins a life.
    #[must_use]
    pub fn begin(name: &str, fate: Fate, trace: &Trace) -> Self {
        Life(Arc::new(Inner {
            name: name.to_owned(),
            fate,
            crossed: AtomicU64::new(0),
            dead: AtomicBool::new(false),
            death: Notify::new(),
            paused: Mutex::new(None),
            was_paused: AtomicBool::new(false),
            epoch: AtomicU64::new(0),
            trace: trace.clone(),
        }))
    }

    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Returns how many boundaries it crossed.
    #[must_use]
    pub fn crossed(&self) -> u64 {
        self.0.crossed.load(Ordering::SeqCst)
    }

    /// Tells whether it was paused.
    #[must_use]
    pub fn was_paused(&self) -> bool {
        self.0.was_paused.load(Ordering::SeqCst)
    }

    /// Returns the epoch of the last lease that it took; zero before the first.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.0.epoch.load(Ordering::SeqCst)
    }

    /// Notes the epoch of a lease that it took.
    pub fn holds(&self, epoch: u64) {
        self.0.epoch.store(epoch, Ordering::SeqCst);
    }

    /// Says something about it in the trace.
    pub fn say(&self, what: fmt::Arguments<'_>) {
        self.0.trace.say(format_args!("{}: {what}", self.0.name));
    }

    /// Crosses a boundary, or dies or is paused there.
    pub async fn cross(&self, side: Side, what: &str) {
        let at = self.0.crossed.fetch_add(1, Ordering::SeqCst);
        match self.0.fate {
            Fate::DiesAt(boundary) if at >= boundary => {
                if !self.0.dead.swap(true, Ordering::SeqCst) {
                    self.say(format_args!("{at} {side:?} {what}: dies"));
                }
                self.0.death.notify_one();
                pending::<()>().await;
            }
            // Between a look at the lease and the sending of a call lies no time in which anybody could be paused:
            // a pause there falls to the next boundary.
            Fate::Pauses(boundary, duration)
                if at >= boundary && side != Side::BeforeCall && !self.was_paused() =>
            {
                self.0.was_paused.store(true, Ordering::SeqCst);
                self.say(format_args!("{at} {side:?} {what}: paused for {duration:?}"));
                *self.0.paused.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some(Instant::now() + duration);
                // The heartbeat has no scheduler of ours around it.
                self.rest().await;
            }
            _ => self.say(format_args!("{at} {side:?} {what}")),
        }
    }

    /// Waits while it is paused.
    pub async fn rest(&self) {
        while let Some(until) = self.paused_until() {
            tokio::time::sleep_until(until).await;
        }
    }

    /// Runs an engine until it ends or dies; nothing if it died.
    pub async fn live<T>(&self, engine: impl Future<Output = T>) -> Option<T> {
        let death_comes = async {
            match self.0.fate {
                Fate::DiesAfter(duration) => {
                    tokio::time::sleep(duration).await;
                    self.say(format_args!("dies after {duration:?}"));
                }
                _ => self.0.death.notified().await,
            }
        };
        tokio::select! {
            biased;
            () = death_comes => None,
            value = self.scheduled(engine) => Some(value),
        }
    }

    /// Lets an engine run only while it is not paused.
    async fn scheduled<T>(&self, engine: impl Future<Output = T>) -> T {
        let mut engine = pin!(engine);
        loop {
            self.rest().await;
            let step = poll_fn(|context| {
                if self.paused_until().is_some() {
                    return Poll::Ready(None);
                }
                match engine.as_mut().poll(context) {
                    Poll::Ready(value) => Poll::Ready(Some(value)),
                    Poll::Pending if self.paused_until().is_some() => Poll::Ready(None),
                    Poll::Pending => Poll::Pending,
                }
            });
            if let Some(value) = step.await {
                return value;
            }
        }
    }

    fn paused_until(&self) -> Option<Instant> {
        let until = *self.0.paused.lock().unwrap_or_else(PoisonError::into_inner);
        until.filter(|until| Instant::now() < *until)
    }
}
