//! `infra plan`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use infra_engine::plan::{Intent, PlanRequest, Planned};
use infra_engine::plan_file;

use crate::arguments::{PlanningArguments, TargetArguments, WaitArguments};
use crate::commands::{Invocation, context};
use crate::failure::Failure;
use crate::render;

/// Show what would change in an environment, and change nothing
///
/// Reads the stack, asks the provider what exists, and compares. With --out the plan is saved: `infra apply FILE`
/// then does exactly its steps, or stops and says what moved.
///
/// In the plan, `+` creates, `~` updates in place, `-/+` and `+/-` replace (the old one first, or the new one first),
/// `-` deletes, `=` changes the state alone: it takes an object in, or changes its record, `.` forgets one that is gone,
/// `>` moves to another address, and `!` has drifted: something else changed it since the last apply.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  infra plan local                              what would change
  infra plan prod --out prod.plan               save it, to review and apply exactly that
  infra plan local --detailed-exitcode          in a script: 0 none, 2 changes, 1 error
  infra plan local --replace postgres.main/local.postgres.replica.replica-1")]
pub(crate) struct PlanArguments {
    #[command(flatten)]
    pub(crate) target: TargetArguments,

    #[command(flatten)]
    planning: PlanningArguments,

    #[command(flatten)]
    wait: WaitArguments,

    /// Plan to delete everything
    #[arg(long)]
    destroy: bool,

    /// Save the plan to this file, which may be an older plan; it holds no secret in clear
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Exit with 0 when there are no changes, 2 when there are, 1 on any error
    #[arg(long)]
    detailed_exitcode: bool,
}

pub(crate) async fn run(arguments: &PlanArguments, invocation: &Invocation<'_>) -> Result<ExitCode, Failure> {
    if let Some(path) = &arguments.out {
        plan_file::vacant(path).map_err(context::failure)?;
    }
    let observer = render::progress::observer(invocation.terminal);
    let backend = context::backend(invocation, observer)?;
    let mut options = context::options(&arguments.planning);
    options.destroy = arguments.destroy;
    let request = PlanRequest {
        target: context::target(&arguments.target, invocation)?,
        intent: if arguments.out.is_some() {
            Intent::Save
        } else {
            Intent::Look
        },
        options,
        wait: context::wait(&arguments.wait),
    };
    let planned = infra_engine::plan::plan(&backend, &request)
        .await
        .map_err(context::failure)?;
    show(&planned, invocation)?;
    if let Some(path) = &arguments.out {
        plan_file::write(&planned.plan, path).map_err(context::failure)?;
        saved(path, &arguments.target.variables, &planned, invocation);
    }
    let changed = arguments.detailed_exitcode && !planned.plan.is_empty();
    Ok(if changed {
        ExitCode::from(2)
    } else {
        ExitCode::SUCCESS
    })
}

/// Says how the saved plan is applied: the variables belong to it, so they are given again.
pub(crate) fn saved(path: &Path, variables: &[String], planned: &Planned, invocation: &Invocation<'_>) {
    let (path, digest) = (path.display(), planned.digest);
    let (given, secrets) = given_again(variables, planned);
    let words = format!("apply {path}{given}");
    let apply = context::command(&words, invocation);
    let text = format!("Saved as `{path}` with digest {digest}\nApply it with: {apply}\n{secrets}");
    let document = serde_json::json!({
        "format": "infra.event/1", "event": "plan_saved", "path": path.to_string(), "digest": digest,
    });
    invocation.terminal.tell(&text, &document);
}

/// Returns the options that give the same variables to another command, and what to say of those that are secret.
pub(crate) fn given_again(variables: &[String], planned: &Planned) -> (String, String) {
    let (mut options, mut secrets) = (String::new(), String::new());
    for one in variables {
        let name = one.split_once('=').map_or(one.as_str(), |(name, _)| name);
        if let Some(Some(_)) = planned.plan.header.given.get(name) {
            options += &format!(" --var {}", render::words::quoted(one));
        } else {
            secrets += &format!("Give the secret variable `{name}` again then, best with INFRA_VAR_{name}\n");
        }
    }
    (options, secrets)
}

/// Writes a plan as the user wants it: for people or as JSON.
pub(crate) fn show(planned: &Planned, invocation: &Invocation<'_>) -> Result<(), Failure> {
    context::warn(&planned.opened.warnings, &planned.opened.sources, invocation);
    if invocation.global.json {
        return context::print_json(invocation, &render::json::plan(&planned.plan, planned.digest));
    }
    context::print(invocation, &render::plan::render(&planned.plan))
}
