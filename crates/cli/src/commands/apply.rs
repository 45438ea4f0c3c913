//! `infra apply`.

use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use infra_engine::{plan_file, saved_plan};

use crate::arguments::{PlanningArguments, SubjectArguments, WaitArguments};
use crate::commands::run::{Asks, Change, Run, change, finish};
use crate::commands::signals::Signals;
use crate::commands::{Invocation, context, plan};
use crate::failure::{Failure, FailureKind};
use crate::render;

/// Change an environment to what the stack wants
///
/// Plans, shows the plan, asks, and applies. Given a file of `infra plan --out`, applies exactly that plan without
/// asking, or stops and says what moved since.
///
/// Killed at any moment, the next run finds out what happened and goes on: there is no lock to break and no object
/// to look for. On Ctrl-C no new step starts and running ones finish; a second Ctrl-C leaves at once.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  infra apply local                             plan, ask, apply
  infra apply local --yes --wait 60             in a script: do not ask, wait for another run
  infra apply local --target postgres.main      only this component and what it needs
  infra plan local --out local.plan             review first ...
  infra apply local.plan                        ... and apply exactly what was reviewed")]
pub(crate) struct ApplyArguments {
    #[command(flatten)]
    pub(crate) subject: SubjectArguments,

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
    if let Some(file) = arguments.subject.file() {
        return saved(file, arguments, invocation).await;
    }
    context::not_a_missing_file(&arguments.subject)?;
    let target = arguments.subject.target(arguments.subject.typed());
    let planned = Change {
        command: "apply",
        target: &target,
        options: context::options(&arguments.planning),
        wait: context::wait(&arguments.wait),
        yes: arguments.yes,
        asks: Asks::Always,
        question: "Apply these changes?",
        signals: Signals::default(),
        insists: false,
    };
    change(planned, invocation).await
}

/// Applies a saved plan; it was reviewed, so nobody is asked.
async fn saved(
    file: &Path,
    arguments: &ApplyArguments,
    invocation: &Invocation<'_>,
) -> Result<ExitCode, Failure> {
    if let Some(option) = arguments.planning.first_given() {
        let message = format!("{option} does not go with a saved plan, which is applied as it is");
        return Err(Failure::new(FailureKind::Usage, message).hint("Make another plan with this option"));
    }
    let plan = plan_file::read(file).map_err(context::failure)?;
    let environment = plan.header.environment.clone();
    let failure = |error| context::failure(error).localized(Path::new("."), Some(&environment));
    let progress = render::progress::observer(invocation.terminal);
    let backend = context::backend(invocation, progress.clone())?;
    let target = context::target(&arguments.subject.target(&environment), invocation)?;
    let wait = context::wait(&arguments.wait);
    let planned = saved_plan::reopen(&backend, &target, plan, wait)
        .await
        .map_err(failure)?;
    if !invocation.global.json {
        plan::show(&planned, invocation)?;
    }
    let command = match planned.plan.header.rollback {
        Some(_) => "rollback",
        None => "apply",
    };
    let run = Run {
        backend: &backend,
        planned: &planned,
        command,
        wait,
        progress,
        signals: Signals::default(),
        insists: false,
    };
    finish(run, invocation).await
}
