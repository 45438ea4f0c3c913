//! The retry policy as something to wait with.

use std::time::Duration;

use infra_provider::error::ProviderError;

use crate::interrupt::Interrupt;
use crate::retry::{Jitter, RetryDecision, RetryPolicy, Tries, decide};

/// How long pauses are together before somebody who waits wants to know why.
const NOTICED: Duration = Duration::from_secs(1);

/// Counts the tries of one step and pauses between them.
#[derive(Debug)]
pub(crate) struct Pacer<'a> {
    policy: RetryPolicy,
    tries: Tries,
    jitter: Jitter,
    interrupt: &'a Interrupt,
}

impl<'a> Pacer<'a> {
    pub(crate) fn new(policy: RetryPolicy, seed: u64, interrupt: &'a Interrupt) -> Self {
        Pacer {
            policy,
            tries: Tries::default(),
            jitter: Jitter::seeded(seed),
            interrupt,
        }
    }

    /// Returns the pause before another try, nothing if there shall be none.
    pub(crate) fn next(&mut self, error: &ProviderError) -> Option<Duration> {
        if self.interrupt.is_raised() {
            return None;
        }
        match decide(&self.policy, self.tries, error, &mut self.jitter) {
            RetryDecision::GiveUp => None,
            RetryDecision::Retry { after } => {
                self.tries = self.tries.and(after);
                Some(after)
            }
        }
    }

    /// Pauses; tells whether nobody interrupted.
    pub(crate) async fn rest(&self, pause: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.interrupt.raised() => false,
            () = tokio::time::sleep(pause) => true,
        }
    }

    /// Asks until there is an answer or no more patience. Only for questions: they change nothing.
    pub(crate) async fn ask<T>(
        &mut self,
        question: impl AsyncFn() -> Result<T, ProviderError>,
    ) -> Result<T, ProviderError> {
        self.ask_aloud(question, |_, _| {}).await
    }

    /// Asks likewise, and says before each pause why it is made, once pauses were long enough to be noticed.
    pub(crate) async fn ask_aloud<T>(
        &mut self,
        question: impl AsyncFn() -> Result<T, ProviderError>,
        say: impl Fn(&ProviderError, Duration),
    ) -> Result<T, ProviderError> {
        loop {
            let error = match question().await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let Some(pause) = self.next(&error) else {
                return Err(error);
            };
            if self.tries.paused >= NOTICED {
                say(&error, pause);
            }
            if !self.rest(pause).await {
                return Err(error);
            }
        }
    }
}
