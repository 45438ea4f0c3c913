//! `infra apply`.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use infra_engine::apply::Applied;
use infra_engine::apply::interrupt::{self, InterruptSignal};
use infra_engine::apply::outcome::{ApplyOutcome, Report, StepError, Stop};
use infra_engine::backend::Backend;
use infra_engine::plan::{Options, PlanRequest, Planned};
use infra_engine::plan_file;
use infra_provider::error::ErrorKind;

use crate::arguments::{PlanningArguments, TargetArguments, WaitArguments};
use crate::commands::{Invocation, context, plan};
use crate::failure::{Failure, FailureKind};
use crate::render;
use crate::render::progress::Progress;

/// Change an environment to what the stack wants
///
/// Plans, shows the plan, asks, and applies. Given a file of `infra plan --out`, applies exactly that plan.
/// Killed at any moment, the next run finds out what happened and goes on: there is no lock to break and no object
/// to look for. On Ctrl-C no new step starts and running ones finish; a second Ctrl-C leaves at once.
#[derive(Debug, Args)]
pub(crate) struct ApplyArguments {
    #[command(flatten)]
    target: TargetArguments,

    #[command(flatten)]
    planning: PlanningArguments,

    #[command(flatten)]
    wait: WaitArguments,

    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

pub(crate) async fn run(
    arguments: &ApplyArguments,
    invocation: &Invocation<'_>,
) -> Result<ExitCode, Failure> {
    let file = invocation
        .settings
        .typed_path(Path::new(&arguments.target.environment));
    let change = Change {
        target: &arguments.target,
        options: context::options(&arguments.planning),
        wait: &arguments.wait,
        yes: arguments.yes,
        question: "Apply these changes?",
    };
    if file.is_file() {
        saved(&file, &change, invocation).await
    } else {
        change_environment(change, invocation).await
    }
}

/// A command that plans, asks and applies.
#[derive(Debug)]
pub(crate) struct Change<'a> {
    pub(crate) target: &'a TargetArguments,
    pub(crate) options: Options,
    pub(crate) wait: &'a WaitArguments,
    pub(crate) yes: bool,
    pub(crate) question: &'static str,
}

/// Plans, shows, asks and applies.
pub(crate) async fn change_environment(
    change: Change<'_>,
    invocation: &Invocation<'_>,
) -> Result<ExitCode, Failure> {
    let progress = render::progress::observer(invocation.terminal);
    let backend = context::backend(invocation, progress.clone())?;
    let request = PlanRequest {
        target: context::target(change.target, invocation)?,
        options: change.options,
        wait: context::wait(change.wait.wait),
    };
    let planned = infra_engine::plan::plan(&backend, &request)
        .await
        .map_err(context::failure)?;
    if !invocation.global.json {
        plan::show(&planned, invocation)?;
    }
    if !planned.plan.is_empty() && !change.yes {
        confirm(change.question, invocation)?;
    }
    finish(&backend, &planned, request.wait, &progress, invocation).await
}

async fn saved(file: &Path, change: &Change<'_>, invocation: &Invocation<'_>) -> Result<ExitCode, Failure> {
    let plan = plan_file::read(file).map_err(context::failure)?;
    let progress = render::progress::observer(invocation.terminal);
    let backend = context::backend(invocation, progress.clone())?;
    let mut target = context::target(change.target, invocation)?;
    target.environment = plan.header.environment.clone();
    let wait = context::wait(change.wait.wait);
    let planned = infra_engine::plan::reopen(&backend, &target, plan, wait)
        .await
        .map_err(context::failure)?;
    if !invocation.global.json {
        plan::show(&planned, invocation)?;
    }
    finish(&backend, &planned, wait, &progress, invocation).await
}

async fn finish(
    backend: &Backend,
    planned: &Planned,
    wait: Duration,
    progress: &Progress,
    invocation: &Invocation<'_>,
) -> Result<ExitCode, Failure> {
    progress.expect(&planned.plan);
    let (signal, interrupt) = interrupt::channel();
    let listener = tokio::spawn(raise(signal));
    let applied = infra_engine::apply::apply(backend, planned, wait, &interrupt).await;
    listener.abort();
    progress.finish();
    report(&applied.map_err(context::failure)?, invocation)
}

/// Raises the interrupt at the first Ctrl-C or termination. At the second the process ends at once, as if killed:
/// the journal makes that safe too.
#[expect(
    clippy::disallowed_methods,
    reason = "the user asked twice; nothing may delay the end"
)]
async fn raise(signal: InterruptSignal) {
    use tokio::signal::unix::{SignalKind, signal as listen};
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (listen(SignalKind::interrupt()), listen(SignalKind::terminate()))
    else {
        return;
    };
    tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
    signal.raise();
    tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
    std::process::exit(130);
}

/// Asks before anything changes; an answer is needed.
fn confirm(question: &str, invocation: &Invocation<'_>) -> Result<(), Failure> {
    match invocation
        .terminal
        .ask(&format!("\n{question} Only `yes` is taken: "))
        .as_deref()
    {
        Some("yes") => Ok(()),
        Some(_) => Err(Failure::new(FailureKind::User, "Nothing was changed")),
        None => Err(
            Failure::new(FailureKind::Usage, "Nobody can be asked: this is not a terminal")
                .hint("Say yes beforehand with --yes, or apply a saved plan"),
        ),
    }
}

/// Says how it ended, for people or as JSON.
fn report(applied: &Applied, invocation: &Invocation<'_>) -> Result<ExitCode, Failure> {
    if invocation.global.json {
        context::print_json(invocation, &render::json::applied(applied))?;
    } else {
        invocation.terminal.say(&render::applied::render(applied));
    }
    Ok(match &applied.outcome {
        ApplyOutcome::Completed(_) => ExitCode::SUCCESS,
        ApplyOutcome::Interrupted(_) => ExitCode::from(130),
        ApplyOutcome::Failed(report) => ExitCode::from(if is_users(report) { 1 } else { 3 }),
    })
}

/// Tells whether all that failed is the user's to mend: requests that stay wrong, or a plan that is out of date.
fn is_users(report: &Report) -> bool {
    let wrong = |error: &StepError| match error {
        StepError::Provider(error) | StepError::HalfMade(error) | StepError::TakenIn(error) => {
            matches!(
                error.kind,
                ErrorKind::Invalid | ErrorKind::Foreign | ErrorKind::AlreadyExists
            )
        }
        StepError::Moved(_) | StepError::Inputs(_) => true,
        _ => false,
    };
    let stopped = !matches!(
        &report.stopped,
        Some(Stop::Store(_) | Stop::Journal { .. } | Stop::LeaseLost(_))
    );
    stopped && report.failed.iter().all(|failed| wrong(&failed.error))
}
