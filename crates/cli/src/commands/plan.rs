//! `infra plan`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use infra_engine::plan::{PlanRequest, Planned};
use infra_engine::plan_file;

use crate::arguments::{PlanningArguments, TargetArguments, WaitArguments};
use crate::commands::{Invocation, context};
use crate::failure::Failure;
use crate::render;

/// Show what would change in an environment, and change nothing
///
/// Reads the stack, asks the providers what exists, and compares. With --out the plan is saved: `infra apply FILE`
/// then does exactly its steps, or stops and says what moved.
#[derive(Debug, Args)]
pub(crate) struct PlanArguments {
    #[command(flatten)]
    target: TargetArguments,

    #[command(flatten)]
    planning: PlanningArguments,

    #[command(flatten)]
    wait: WaitArguments,

    /// Plan to delete everything
    #[arg(long)]
    destroy: bool,

    /// Save the plan to this file; it holds no secret in clear
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Exit with 2 when there are changes, 0 when there are none
    #[arg(long)]
    detailed_exitcode: bool,
}

pub(crate) async fn run(arguments: &PlanArguments, invocation: &Invocation<'_>) -> Result<ExitCode, Failure> {
    let observer = render::progress::observer(invocation.terminal);
    let backend = context::backend(invocation, observer)?;
    let mut options = context::options(&arguments.planning);
    options.destroy = arguments.destroy;
    let request = PlanRequest {
        target: context::target(&arguments.target, invocation)?,
        options,
        wait: context::wait(arguments.wait.wait),
    };
    let planned = infra_engine::plan::plan(&backend, &request)
        .await
        .map_err(context::failure)?;
    show(&planned, invocation)?;
    if let Some(path) = &arguments.out {
        plan_file::write(&planned.plan, &invocation.settings.typed_path(path)).map_err(context::failure)?;
        invocation.terminal.say(&format!(
            "Saved as {} with digest {}\nApply it with: infra apply {}\n",
            path.display(),
            planned.digest,
            path.display()
        ));
    }
    let changed = arguments.detailed_exitcode && !planned.plan.is_empty();
    Ok(if changed {
        ExitCode::from(2)
    } else {
        ExitCode::SUCCESS
    })
}

/// Writes a plan as the user wants it: for people or as JSON.
pub(crate) fn show(planned: &Planned, invocation: &Invocation<'_>) -> Result<(), Failure> {
    let warnings = render::diagnostic::render_all(&planned.opened.warnings, &planned.opened.sources);
    invocation.terminal.say(&warnings);
    if invocation.global.json {
        return context::print_json(invocation, &render::json::plan(&planned.plan, planned.digest));
    }
    context::print(invocation, &render::plan::render(&planned.plan))
}
