//! Pauses: their bounds, their seed, and when patience ends.

use infra_provider::error::ErrorKind;

use super::*;

const POLICY: RetryPolicy = RetryPolicy {
    first: Duration::from_secs(1),
    longest: Duration::from_secs(20),
    budget: Duration::from_secs(60),
};

fn throttled() -> ProviderError {
    ProviderError::rejected(ErrorKind::Throttled, "call", "slow down")
}

/// Returns the pauses of a step that fails until its budget is spent.
fn pauses(seed: u64) -> Vec<Duration> {
    let mut jitter = Jitter::seeded(seed);
    let mut tries = Tries::default();
    std::iter::from_fn(|| match decide(&POLICY, tries, &throttled(), &mut jitter) {
        RetryDecision::Retry { after } => {
            tries = tries.and(after);
            Some(after)
        }
        RetryDecision::GiveUp => None,
    })
    .collect()
}

#[test]
fn pauses_stay_below_a_doubling_ceiling_and_the_budget() {
    for seed in 0..100 {
        let pauses = pauses(seed);
        for (at, pause) in pauses.iter().enumerate() {
            let ceiling = POLICY
                .first
                .saturating_mul(1_u32.checked_shl(at as u32).unwrap_or(u32::MAX));
            assert!(*pause <= ceiling.min(POLICY.longest), "seed {seed}: {pauses:?}");
        }
        let sum: Duration = pauses.iter().sum();
        assert!(
            sum <= POLICY.budget && sum > POLICY.budget / 3,
            "seed {seed}: {sum:?}"
        );
    }
}

#[test]
fn a_seed_gives_the_same_pauses_and_another_seed_others() {
    assert_eq!(pauses(7), pauses(7));
    assert_ne!(pauses(7), pauses(8));
}

#[test]
fn a_provider_that_names_a_pause_is_not_asked_earlier() {
    let error = ProviderError {
        retry_after: Some(Duration::from_secs(9)),
        ..throttled()
    };
    for seed in 0..100 {
        let decision = decide(&POLICY, Tries::default(), &error, &mut Jitter::seeded(seed));
        let RetryDecision::Retry { after } = decision else {
            panic!("seed {seed} gives up")
        };
        assert!(
            after >= Duration::from_secs(9) && after <= Duration::from_secs(10),
            "seed {seed}: {after:?}"
        );
    }
}

#[test]
fn a_named_pause_beyond_the_budget_gives_up() {
    let error = ProviderError {
        retry_after: Some(Duration::from_secs(61)),
        ..throttled()
    };
    assert_eq!(
        decide(&POLICY, Tries::default(), &error, &mut Jitter::seeded(1)),
        RetryDecision::GiveUp
    );
}

#[test]
fn what_will_stay_wrong_is_not_tried_again() {
    for kind in [
        ErrorKind::Invalid,
        ErrorKind::Denied,
        ErrorKind::Quota,
        ErrorKind::AlreadyExists,
    ] {
        let error = ProviderError::rejected(kind, "call", "no");
        assert_eq!(
            decide(&POLICY, Tries::default(), &error, &mut Jitter::seeded(1)),
            RetryDecision::GiveUp
        );
    }
}

#[test]
fn many_failures_do_not_overflow() {
    let tries = Tries {
        failed: u32::MAX,
        paused: Duration::ZERO,
    };
    assert!(matches!(
        decide(&POLICY, tries, &throttled(), &mut Jitter::seeded(1)),
        RetryDecision::Retry { after } if after <= POLICY.longest
    ));
}
