//! Many seeds, spread over all processors.

use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use super::invariant::Violation;
use super::story::{StoryRequest, Told, tell};
use super::tally::Tally;

/// Asks for the stories of many seeds.
#[derive(Clone, Debug)]
pub struct Many {
    /// The seeds.
    pub seeds: Range<u64>,
    /// Whether it goes on after a failure.
    pub goes_on: bool,
}

/// A seed for which an invariant does not hold.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// What does not hold.
    pub violation: Violation,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure { seed, violation } = self;
        write!(
            f,
            "seed {seed}: {violation}\nReplay it with: make sim SEED={seed}"
        )
    }
}

/// Tells the stories, and returns how much was tried and what was found, in the order of the seeds.
///
/// # Errors
///
/// When the machine refuses a folder or a runtime.
pub fn many(asked: &Many) -> io::Result<(Tally, Vec<Failure>)> {
    let (next, stop) = (AtomicU64::new(asked.seeds.start), AtomicBool::new(false));
    let workers = thread::available_parallelism()?.get();
    let parts = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers)
            .map(|_| scope.spawn(|| work(asked, &next, &stop)))
            .collect();
        let join = |worker: thread::ScopedJoinHandle<'_, _>| {
            worker
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        workers.into_iter().map(join).collect::<io::Result<Vec<_>>>()
    })?;
    let (mut tally, mut failures) = (Tally::default(), Vec::new());
    for (part, failed) in parts {
        tally.add(&part);
        failures.extend(failed);
    }
    failures.sort_by_key(|failure| failure.seed);
    Ok((tally, failures))
}

fn work(asked: &Many, next: &AtomicU64, stop: &AtomicBool) -> io::Result<(Tally, Vec<Failure>)> {
    let (mut tally, mut failures) = (Tally::default(), Vec::new());
    while !stop.load(Ordering::SeqCst) {
        let seed = next.fetch_add(1, Ordering::SeqCst);
        if seed >= asked.seeds.end {
            break;
        }
        let Told {
            verdict, tally: one, ..
        } = tell(&StoryRequest::of(seed))?;
        tally.add(&one);
        if let Err(violation) = verdict {
            failures.push(Failure { seed, violation });
            stop.store(!asked.goes_on, Ordering::SeqCst);
        }
    }
    Ok((tally, failures))
}
