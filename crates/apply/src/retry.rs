//! The one retry policy. A provider only classifies its errors; whether and when to try again is decided here.
//!
//! Whoever asks has made sure that another try is harmless: either the provider proved that nothing happened, or
//! an observation showed what did.

use std::time::Duration;

use infra_provider::error::ProviderError;

/// How patient a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The longest pause after the first failure; it doubles with each further one.
    pub first: Duration,
    /// The longest pause of all.
    pub longest: Duration,
    /// How long the pauses of one step may be together.
    pub budget: Duration,
}

impl Default for RetryPolicy {
    /// Clouds recover within minutes or stay broken for hours: ten minutes tells the two apart.
    fn default() -> Self {
        RetryPolicy {
            first: Duration::from_millis(500),
            longest: Duration::from_secs(30),
            budget: Duration::from_secs(600),
        }
    }
}

/// What a step has tried so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tries {
    /// How many calls failed before this one.
    pub failed: u32,
    /// How long it has paused.
    pub paused: Duration,
}

/// Whether to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryDecision {
    /// Yes, after this pause.
    Retry {
        /// The pause.
        after: Duration,
    },
    /// No.
    GiveUp,
}

/// Random pauses from a seed, so that a run can be replayed.
#[derive(Clone, Debug)]
pub struct Jitter(fastrand::Rng);

impl Jitter {
    /// Returns the pauses of a seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Jitter(fastrand::Rng::with_seed(seed))
    }

    /// Returns a duration between nothing and `longest`, any as likely as another.
    pub fn up_to(&mut self, longest: Duration) -> Duration {
        longest.mul_f64(self.0.f64())
    }
}

/// Decides about another try after `error`.
///
/// Exponential with full jitter: many clients that were throttled together come back apart. A provider that says
/// how long to wait is never asked earlier.
pub fn decide(
    policy: &RetryPolicy,
    tries: Tries,
    error: &ProviderError,
    jitter: &mut Jitter,
) -> RetryDecision {
    if !error.kind.is_retryable() {
        return RetryDecision::GiveUp;
    }
    let doubled = policy
        .first
        .saturating_mul(1_u32.checked_shl(tries.failed).unwrap_or(u32::MAX));
    let pause = jitter.up_to(doubled.min(policy.longest));
    let after = match error.retry_after {
        Some(asked) => asked.saturating_add(pause.min(policy.first)),
        None => pause,
    };
    if tries.paused.saturating_add(after) > policy.budget {
        return RetryDecision::GiveUp;
    }
    RetryDecision::Retry { after }
}

impl Tries {
    /// Returns the tries after another failure and its pause.
    #[must_use]
    pub fn and(self, pause: Duration) -> Self {
        Tries {
            failed: self.failed.saturating_add(1),
            paused: self.paused.saturating_add(pause),
        }
    }
}

#[cfg(test)]
mod tests;
