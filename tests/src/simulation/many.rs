//! Many seeds, spread over all processors.

use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use super::invariant::Violation;
use super::story::{StoryRequest, tell};
use super::tally::Tally;

/// Asks for the stories of many seeds.
#[derive(Clone, Debug)]
pub struct Many {
    /// The seeds.
    pub seeds: Range<u64>,
    /// Whether it goes on after a failure.
    pub goes_on: bool,
}

/// What is told while it goes on: many seeds take minutes.
#[derive(Clone, Copy, Debug)]
pub enum Progress<'a> {
    /// So many seeds have been tried, another thousand.
    Tried(u64),
    /// A seed failed.
    Failed(&'a Failure),
}

/// How many seeds are tried before that is told.
const ROUND: u64 = 1000;

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

/// Tells the stories, and returns how much was tried and what was found, in the order of the seeds. What happens
/// meanwhile is told to `hear`.
///
/// # Errors
///
/// When the machine refuses a folder or a runtime.
pub fn many(asked: &Many, hear: &(dyn Fn(Progress<'_>) + Sync)) -> io::Result<(Tally, Vec<Failure>)> {
    let shared = Shared {
        asked,
        hear,
        next: AtomicU64::new(asked.seeds.start),
        tried: AtomicU64::new(0),
        stop: AtomicBool::new(false),
    };
    let workers = thread::available_parallelism()?.get();
    let parts = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(|| work(&shared))).collect();
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

/// What the workers share.
struct Shared<'a> {
    asked: &'a Many,
    hear: &'a (dyn Fn(Progress<'_>) + Sync),
    next: AtomicU64,
    tried: AtomicU64,
    stop: AtomicBool,
}

fn work(shared: &Shared<'_>) -> io::Result<(Tally, Vec<Failure>)> {
    let (mut tally, mut failures) = (Tally::default(), Vec::new());
    while !shared.stop.load(Ordering::SeqCst) {
        let seed = shared.next.fetch_add(1, Ordering::SeqCst);
        if seed >= shared.asked.seeds.end {
            break;
        }
        let told = tell(&StoryRequest::of(seed))?;
        tally.add(&told.tally);
        if let Err(violation) = told.verdict {
            let failure = Failure { seed, violation };
            (shared.hear)(Progress::Failed(&failure));
            failures.push(failure);
            shared.stop.store(!shared.asked.goes_on, Ordering::SeqCst);
        }
        let tried = shared.tried.fetch_add(1, Ordering::SeqCst) + 1;
        if tried.is_multiple_of(ROUND) {
            (shared.hear)(Progress::Tried(tried));
        }
    }
    Ok((tally, failures))
}
