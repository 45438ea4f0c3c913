//! How latencies differ from call to call: most are near the usual one, and a few take far longer.

use std::time::Duration;

/// How much latencies differ. The default is not at all.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spread {
    /// The width of the distribution, which is log-normal: 0.5 means that two calls of three take between 60 % and
    /// 165 % of the usual time.
    pub sigma: f64,
    /// How many calls in a thousand are in the tail.
    pub tail_per_mille: u32,
    /// How many times longer those take.
    pub tail_factor: f64,
}

impl Spread {
    /// Returns what is seen of the control planes of clouds.
    #[must_use]
    pub fn usual() -> Self {
        Spread {
            sigma: 0.5,
            tail_per_mille: 20,
            tail_factor: 5.0,
        }
    }

    /// Returns one latency around the usual one, in whole milliseconds.
    pub(super) fn around(&self, usual: Duration, random: &mut fastrand::Rng) -> Duration {
        if *self == Spread::default() {
            return usual;
        }
        // Twelve uniform numbers make a normal one that is near enough, and never beyond six sigma.
        let normal = (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
        let mut latency = usual.mul_f64((self.sigma * normal).exp());
        if random.u32(0..1000) < self.tail_per_mille {
            latency = latency.mul_f64(self.tail_factor);
        }
        Duration::from_millis(u64::try_from(latency.as_millis()).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_latencies_are_near_the_usual_one_and_some_are_far_longer() {
        let (usual, spread) = (Duration::from_secs(4), Spread::usual());
        let mut random = fastrand::Rng::with_seed(7);
        let mut drawn: Vec<Duration> = (0..10_000).map(|_| spread.around(usual, &mut random)).collect();
        drawn.sort();
        let median = drawn[5000].as_secs_f64();
        assert!((3.8..4.2).contains(&median), "{median}");
        let within = drawn
            .iter()
            .filter(|one| (2.42..6.6).contains(&one.as_secs_f64()))
            .count();
        assert!((6500..7200).contains(&within), "{within}");
        let tail = drawn.iter().filter(|one| one.as_secs_f64() > 16.0).count();
        assert!((100..400).contains(&tail), "{tail}");
    }

    #[test]
    fn without_spread_every_call_takes_the_usual_time() {
        let mut random = fastrand::Rng::with_seed(7);
        let usual = Duration::from_micros(1500);
        assert_eq!(Spread::default().around(usual, &mut random), usual);
    }
}
