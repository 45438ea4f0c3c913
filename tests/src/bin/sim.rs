//! `make sim`: tells the stories of many seeds, or replays one.
#![expect(clippy::print_stdout, reason = "this is a program for people")]

use std::io;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use infra_tests::simulation::many::{Many, Progress, many};
use infra_tests::simulation::story::{StoryRequest, tell};

/// Lines of the trace that are shown of a failure.
const TAIL: usize = 120;

/// Simulates the whole engine: random stacks, edits and faults, and engines that die at any moment.
#[derive(Debug, Parser)]
struct Arguments {
    /// Replays this seed, twice, and shows what happens.
    #[arg(long)]
    seed: Option<u64>,

    /// Shows the whole trace of a replay.
    #[arg(long)]
    trace: bool,

    /// How many seeds to try.
    #[arg(long, default_value_t = 10_000)]
    runs: u64,

    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,

    /// Goes on after a failure.
    #[arg(long)]
    all: bool,
}

fn main() -> io::Result<ExitCode> {
    let arguments = Arguments::parse();
    match arguments.seed {
        Some(seed) => replay(seed, arguments.trace),
        None => try_many(&arguments),
    }
}

fn replay(seed: u64, whole: bool) -> io::Result<ExitCode> {
    let request = StoryRequest::of(seed);
    let (first, second) = (tell(&request)?, tell(&request)?);
    let from = if whole {
        0
    } else {
        first.trace.len().saturating_sub(TAIL)
    };
    println!("{}\n\n{}", first.trace[from..].join("\n"), first.tally);
    let is_same = first.trace == second.trace;
    println!(
        "{} lines, digest {}, {} the second time",
        first.trace.len(),
        first.digest(),
        if is_same { "the same" } else { "NOT the same" }
    );
    match &first.verdict {
        Ok(()) => println!("seed {seed}: all invariants hold"),
        Err(violation) => println!("seed {seed}: {violation}"),
    }
    Ok(exit(first.verdict.is_ok() && is_same))
}

fn try_many(arguments: &Arguments) -> io::Result<ExitCode> {
    let began = Instant::now();
    let asked = Many {
        seeds: arguments.from..arguments.from + arguments.runs,
        goes_on: arguments.all,
    };
    let (tally, failures) = many(&asked, &show)?;
    println!("{tally}{:<22}{:>11.1}s", "time", began.elapsed().as_secs_f64());
    if failures.is_empty() {
        println!("all invariants hold");
    } else {
        let seeds: Vec<String> = failures.iter().map(|failure| failure.seed.to_string()).collect();
        println!("{} seeds failed: {}", seeds.len(), seeds.join(" "));
    }
    Ok(exit(failures.is_empty()))
}

fn show(told: Progress<'_>) {
    match told {
        Progress::Tried(seeds) => println!("{seeds} seeds"),
        Progress::Failed(failure) => println!("{failure}\n"),
    }
}

fn exit(is_fine: bool) -> ExitCode {
    if is_fine {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
