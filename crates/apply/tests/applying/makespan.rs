//! How long a run takes, against the least time in which anybody could do the same.
//!
//! Calls of one type take four seconds, a tenth more or less: nobody knows beforehand which takes how long. With wider
//! spreads a few calls at the end decide, and the least is for those who see the future; the benchmark shows it.

use std::time::Duration;

use infra_apply::concurrency::ConcurrencyPolicy;
use infra_apply::world::Policy;
use tokio::time::Instant;

use super::support::lab::Lab;
use super::support::work::{Shape, Work};

const SPREAD: u64 = 10;
const UNTHROTTLED: u128 = 5;
const THROTTLED: u128 = 15;

/// Applies the work and returns how long that took.
async fn makespan(lab: &Lab, work: &Work) -> Duration {
    work.take_time(&lab.cloud);
    let began = Instant::now();
    lab.run_graph(&work.graph()).await.completed();
    began.elapsed()
}

/// Checks that a run took no more than the least and so many hundredths of it.
#[track_caller]
fn assert_near(took: Duration, least: Duration, allowance: u128, what: &str) {
    let more = 100.0 * (took.as_secs_f64() / least.as_secs_f64() - 1.0);
    assert!(
        took.as_millis() * 100 <= least.as_millis() * (100 + allowance),
        "{what}: {took:?}, the least is {least:?}: {more:.1} % more"
    );
}

/// With a limit that is known from the beginning, only the order of steps counts.
async fn with_a_known_limit(shape: Shape) {
    for (count, at_once) in [(100, 10), (1000, 10), (1000, 64)] {
        let (lab, work) = (Lab::new().await, Work::new(shape, count, SPREAD, 1));
        let concurrency = ConcurrencyPolicy {
            initial: at_once,
            maximum: at_once,
        };
        let policy = Policy {
            concurrency,
            ..lab.policy
        };
        let took = makespan(&Lab { policy, ..lab }, &work).await;
        let what = format!("{count} at {at_once}");
        assert_near(took, work.least(at_once), UNTHROTTLED, &what);
    }
}

/// With the limit that every run begins with, which grows to the highest.
async fn with_the_usual_limit(shape: Shape) {
    let (lab, work) = (Lab::new().await, Work::new(shape, 1000, SPREAD, 1));
    let least = work.least(lab.policy.concurrency.maximum);
    assert_near(makespan(&lab, &work).await, least, UNTHROTTLED, "1000");
}

/// With a cloud that refuses more than so many calls at once, which the run has to find out.
async fn at_a_throttle(shape: Shape) {
    for throttle in [5, 20, 50] {
        for count in [100, 1000] {
            let (lab, work) = (Lab::new().await, Work::new(shape, count, SPREAD, 1));
            lab.cloud.throttle_beyond(Some(throttle));
            let what = format!("{count} at a throttle of {throttle}");
            let took = makespan(&lab, &work).await;
            assert_near(took, work.least(throttle), THROTTLED, &what);
        }
    }
}

macro_rules! shapes {
    ($($name:ident $shape:ident)*) => {$(
        mod $name {
            use super::*;

            #[tokio::test(start_paused = true)]
            async fn a_run_takes_little_more_than_the_least() {
                with_a_known_limit(Shape::$shape).await;
                with_the_usual_limit(Shape::$shape).await;
            }

            #[tokio::test(start_paused = true)]
            async fn a_throttled_run_takes_little_more_than_the_throttle_allows() {
                at_a_throttle(Shape::$shape).await;
            }
        }
    )*};
}

shapes! { layered Layered wide Wide deep Deep random Random }

/// Sixty things of one type that compete with each other. Behind a third of them stands something that takes long, behind
/// the others stand two things that are made in no time; by their schemas each takes four seconds.
fn forks(work: &mut Work) {
    let second = Duration::from_secs(1);
    for at in 0..60 {
        let root = work.add("token", &format!("root{at:02}"), [], 4 * second);
        if at % 3 == 0 {
            work.add("tagged", &format!("slow{at:02}"), [root], 30 * second);
        } else {
            let first = work.add("named", &format!("first{at:02}"), [root], second);
            work.add("named", &format!("second{at:02}"), [first], second);
        }
    }
}

/// Returns a laboratory with few calls at once, and the time that the forks take in it after `before` was applied.
async fn forks_after(mut before: Work) -> (Duration, Duration) {
    let lab = Lab::new().await;
    let concurrency = ConcurrencyPolicy {
        initial: 20,
        maximum: 20,
    };
    let policy = Policy {
        concurrency,
        ..lab.policy
    };
    let lab = Lab { policy, ..lab };
    makespan(&lab, &before).await;
    let mut alone = Work::default();
    forks(&mut alone);
    forks(&mut before);
    (makespan(&lab, &before).await, alone.least(20))
}

#[tokio::test(start_paused = true)]
async fn learned_durations_beat_those_of_the_schemas() {
    let mut known = Work::default();
    for (class, seconds) in [("token", 4), ("named", 1), ("tagged", 30)] {
        known.add(class, "known", [], Duration::from_secs(seconds));
    }
    let (unlearned, least) = forks_after(Work::default()).await;
    let (learned, _) = forks_after(known).await;
    assert_near(learned, least, UNTHROTTLED, "learned");
    assert!(
        learned.as_secs_f64() < 0.9 * unlearned.as_secs_f64(),
        "{learned:?} with what was learned, {unlearned:?} without"
    );
}
