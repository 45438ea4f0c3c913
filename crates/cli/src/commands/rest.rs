//! `infra stop` and `infra start`.

use std::process::ExitCode;

use clap::Args;
use infra_engine::apply::interrupt;
use infra_engine::rest::{Direction, RestRequest, Rested, rest};

use crate::arguments::{TargetArguments, WaitArguments};
use crate::commands::run::{beat, raise};
use crate::commands::signals::Signals;
use crate::commands::{Invocation, context};
use crate::failure::{Failure, FailureKind};
use crate::render;

/// End the servers of an environment on this machine, and keep their data and the state
///
/// Servers end in the reverse order of their needs, each after it has written out what it holds. The environment is
/// stopped on purpose then: a plan compares the stack with what is recorded, and `start` or an apply starts everything
/// again. Only environments of the provider `local` are stopped.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  infra stop local                              in the evening
  infra start local                             in the morning, as it was

A run that was killed half-way is finished by the next stop, start or apply.")]
pub(crate) struct StopArguments {
    #[command(flatten)]
    pub(crate) target: TargetArguments,

    #[command(flatten)]
    wait: WaitArguments,
}

/// Start the servers of an environment that was stopped, as they were
///
/// Servers start side by side, those that others need first. What the stack wants meanwhile is not looked at, though it
/// has to be readable: `plan` and `apply` look. Servers that run are left alone, and one that somebody killed is started too.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  infra start local
  infra plan local                              then see whether something is to be changed")]
pub(crate) struct StartArguments {
    #[command(flatten)]
    pub(crate) target: TargetArguments,

    #[command(flatten)]
    wait: WaitArguments,
}

pub(crate) async fn stop(
    arguments: &StopArguments,
    invocation: &Invocation<'_>,
) -> Result<ExitCode, Failure> {
    run(&arguments.target, &arguments.wait, Direction::Stop, invocation).await
}

pub(crate) async fn start(
    arguments: &StartArguments,
    invocation: &Invocation<'_>,
) -> Result<ExitCode, Failure> {
    run(&arguments.target, &arguments.wait, Direction::Start, invocation).await
}

async fn run(
    target: &TargetArguments,
    wait: &WaitArguments,
    direction: Direction,
    invocation: &Invocation<'_>,
) -> Result<ExitCode, Failure> {
    let progress = render::progress::observer(invocation.terminal);
    let backend = context::backend(invocation, progress.clone())?;
    let target = context::target(target, invocation)?;
    let signals = Signals::default();
    let listening = signals.listen();
    listening.map_err(|error| Failure::of(FailureKind::Environment, &error))?;
    let (signal, interrupt) = interrupt::channel();
    let listener = tokio::spawn(raise(signal, signals, false, progress.clone()));
    let heart = tokio::spawn(beat(progress.clone()));
    let request = RestRequest {
        target: &target,
        direction,
        wait: context::wait(wait),
        interrupt: &interrupt,
    };
    let rested = rest(&backend, &request).await;
    listener.abort();
    heart.abort();
    progress.finish();
    let rested = rested.map_err(context::failure)?;
    report(&rested, direction, &interrupt, invocation)
}

fn report(
    rested: &Rested,
    direction: Direction,
    interrupt: &interrupt::Interrupt,
    invocation: &Invocation<'_>,
) -> Result<ExitCode, Failure> {
    let document = render::rest::json(rested, direction);
    if invocation.global.json {
        context::print_json(invocation, &document)?;
    }
    let start = context::command(&format!("start {}", rested.environment), invocation);
    let text = render::rest::render(rested, direction, &start);
    invocation.terminal.tell(&text, &document);
    Ok(match rested.report.is_complete() {
        true => ExitCode::SUCCESS,
        false if interrupt.is_raised() && rested.report.failed.is_empty() => ExitCode::from(130),
        false => ExitCode::from(3),
    })
}
