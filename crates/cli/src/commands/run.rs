//! What `apply`, `destroy` and `rotate` share: plan, show, ask, apply, report.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use infra_engine::apply::interrupt::{self, InterruptSignal};
use infra_engine::apply::outcome::{ApplyOutcome, Report, StepError, Stop};
use infra_engine::apply::{Applied, ApplyPlan};
use infra_engine::backend::Backend;
use infra_engine::configuration;
use infra_engine::plan::options::Options;
use infra_engine::plan::{Intent, PlanRequest, Planned};
use infra_engine::saved_plan;
use infra_model::environment::DataPolicy;
use infra_model::schema::StepClass;
use infra_provider::error::ErrorKind;

use crate::arguments::TargetArguments;
use crate::commands::signals::Signals;
use crate::commands::{Invocation, context, plan};
use crate::failure::{Failure, FailureKind};
use crate::render;
use crate::render::progress::Progress;

/// A command that plans, asks and applies.
#[derive(Debug)]
pub(crate) struct Change<'a> {
    pub(crate) command: &'static str,
    pub(crate) target: &'a TargetArguments,
    pub(crate) options: Options,
    pub(crate) wait: Duration,
    /// Whether the user said yes beforehand.
    pub(crate) yes: bool,
    /// Whether the plan is shown, and the user asked.
    pub(crate) asks: Asks,
    /// What the user is asked.
    pub(crate) question: &'static str,
    /// Where the signals come in that interrupt it.
    pub(crate) signals: Signals,
    /// Whether it takes one signal more: the first may have been meant for what went before.
    pub(crate) insists: bool,
}

/// When a command shows its plan and asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asks {
    /// Always, on standard output.
    Always,
    /// Where data is real, or data would be destroyed; on standard error, because standard output belongs to a program.
    WhereItMatters,
    /// Never: what is done was asked for by the command itself.
    Never,
}

/// Who says yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Confirmation {
    /// The user did, beforehand.
    Given,
    /// The user is asked this.
    Ask(&'static str),
}

impl Confirmation {
    /// Returns who says yes, and refuses before anything slow is done when nobody can be asked.
    fn of(change: &Change<'_>, invocation: &Invocation<'_>) -> Result<Self, Failure> {
        match change.asks {
            Asks::Always if !change.yes => Confirmation::needed(change.question, invocation),
            _ => Ok(Confirmation::Given),
        }
    }

    /// Returns the question, and refuses when nobody can be asked.
    fn needed(question: &'static str, invocation: &Invocation<'_>) -> Result<Self, Failure> {
        let obstacle = if invocation.global.json {
            "With --json nobody is asked"
        } else if !invocation.terminal.can_ask() {
            "Nobody can be asked: this is not a terminal"
        } else {
            return Ok(Confirmation::Ask(question));
        };
        Err(Failure::new(FailureKind::Usage, obstacle).hint("Say yes beforehand with --yes"))
    }
}

/// Plans, shows, asks and applies.
pub(crate) async fn change(change: Change<'_>, invocation: &Invocation<'_>) -> Result<ExitCode, Failure> {
    let target = context::target(change.target, invocation)?;
    let confirmation = match Confirmation::of(&change, invocation) {
        Ok(confirmation) => confirmation,
        Err(failure) => {
            // A name that no environment has needs another answer than somebody who says yes.
            configuration::known(&target).map_err(context::failure)?;
            return Err(failure);
        }
    };
    let progress = render::progress::observer(invocation.terminal);
    let backend = context::backend(invocation, progress.clone())?;
    let request = PlanRequest {
        target,
        intent: Intent::Apply,
        options: change.options,
        wait: change.wait,
    };
    let planned = infra_engine::plan::plan(&backend, &request)
        .await
        .map_err(context::failure)?;
    let confirmation = match change.asks {
        Asks::Always if !invocation.global.json => {
            plan::show(&planned, invocation)?;
            confirmation
        }
        Asks::WhereItMatters if !change.yes && matters(&planned) => {
            invocation.terminal.say(&render::plan::render(&planned.plan));
            Confirmation::needed(change.question, invocation)?
        }
        _ => confirmation,
    };
    let planned = match confirmation {
        Confirmation::Ask(question) if !planned.plan.is_empty() => {
            // Somebody may think for hours: others may have the environment meanwhile, and what they changed is
            // noticed afterwards.
            let plan = planned.plan.clone();
            drop(planned);
            confirm(question, invocation)?;
            saved_plan::reopen(&backend, &request.target, plan, change.wait)
                .await
                .map_err(context::failure)?
        }
        _ => planned,
    };
    let run = Run {
        backend: &backend,
        planned: &planned,
        command: change.command,
        wait: change.wait,
        progress,
        signals: change.signals,
        insists: change.insists,
    };
    finish(run, invocation).await
}

/// Tells whether a plan changes where data is real, or destroys data wherever it is.
fn matters(planned: &Planned) -> bool {
    let is_real = planned.opened.stack.environment.data == DataPolicy::Real;
    let plan = &planned.plan;
    let destroys = plan
        .steps
        .iter()
        .any(|step| step.class == StepClass::DestroysData);
    destroys || is_real && !plan.is_empty()
}

/// A plan on its way.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    pub(crate) backend: &'a Backend,
    pub(crate) planned: &'a Planned,
    pub(crate) command: &'static str,
    pub(crate) wait: Duration,
    pub(crate) progress: Arc<Progress>,
    pub(crate) signals: Signals,
    pub(crate) insists: bool,
}

/// Applies a plan and says how it ended.
pub(crate) async fn finish(run: Run<'_>, invocation: &Invocation<'_>) -> Result<ExitCode, Failure> {
    let progress = run.progress;
    progress.expect(&run.planned.plan);
    run.signals
        .listen()
        .map_err(|error| Failure::of(FailureKind::Environment, &error))?;
    let (signal, interrupt) = interrupt::channel();
    let listener = tokio::spawn(raise(signal, run.signals, run.insists, progress.clone()));
    let heart = tokio::spawn(beat(progress.clone()));
    let request = ApplyPlan {
        planned: run.planned,
        command: run.command,
        wait: run.wait,
        interrupt: &interrupt,
    };
    let applied = infra_engine::apply::apply(run.backend, request).await;
    listener.abort();
    heart.abort();
    progress.finish();
    let applied = applied.map_err(context::failure)?;
    let code = report(&applied, invocation)?;
    if matches!(&applied.outcome, ApplyOutcome::Completed(report) if !report.done.is_empty())
        && !run.planned.plan.header.destroy
    {
        let output = format!("output {}", run.planned.plan.header.environment);
        let output = context::command(&output, invocation);
        invocation
            .terminal
            .say(&format!("See addresses and URLs with: {output}\n"));
    }
    Ok(code)
}

/// Keeps what is shown up to date while nothing happens.
pub(crate) async fn beat(progress: Arc<Progress>) {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        progress.tick();
    }
}

/// Raises the interrupt at the first signal that asks to end. At the second the process ends at once, as if killed: the
/// journal makes that safe too.
#[expect(
    clippy::disallowed_methods,
    reason = "the user asked twice; nothing may delay the end"
)]
pub(crate) async fn raise(
    signal: InterruptSignal,
    mut signals: Signals,
    insists: bool,
    progress: Arc<Progress>,
) {
    if insists {
        signals.next().await;
        progress.line("Still destroying; to stop here and leave the rest, ask once more");
    }
    signals.next().await;
    signal.raise();
    signals.next().await;
    progress.leave();
    std::process::exit(130);
}

/// Asks before anything changes; an answer is needed.
fn confirm(question: &str, invocation: &Invocation<'_>) -> Result<(), Failure> {
    let answer = invocation
        .terminal
        .ask(&format!("\n{question} Only `yes` is taken: "));
    if answer.as_deref() == Some("yes") {
        return Ok(());
    }
    Err(Failure::new(
        FailureKind::User,
        "Not confirmed; nothing was changed",
    ))
}

/// Says how it ended, for people or as JSON.
fn report(applied: &Applied, invocation: &Invocation<'_>) -> Result<ExitCode, Failure> {
    let document = render::json::applied(applied);
    if invocation.global.json {
        context::print_json(invocation, &document)?;
    }
    let text = render::applied::render(applied);
    invocation.terminal.tell(&text, &document);
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
