//! `infra rollback`: the way back as a plan.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use infra_engine::plan::Planned;
use infra_engine::plan_file;
use infra_engine::rollback::{self, RollbackRequest};
use infra_model::record::Serial;

use crate::arguments::{TargetArguments, WaitArguments, change};
use crate::commands::{Invocation, context, plan};
use crate::failure::Failure;
use crate::render;

/// Plan the way back to what was recorded after an earlier change, and change nothing
///
/// The plan is made from what was recorded then instead of what the stack wants. It is shown like any plan, and is
/// applied only as a file: save it with --out, review it, and `infra apply FILE`.
///
/// Its notes say what cannot be undone: data that was destroyed, objects that come back empty, secrets that were
/// generated anew, objects that are protected. Secrets that the stack was given then are put back. The stack itself is
/// not turned back: put its files back too, or the next plan goes forward again.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  infra state log prod                          the changes and their numbers
  infra rollback prod --to 40                   what it would take to go back there
  infra rollback prod --to 40 --out back.plan   save it, to review ...
  infra apply back.plan                         ... and apply exactly that")]
pub(crate) struct RollbackArguments {
    #[command(flatten)]
    pub(crate) target: TargetArguments,

    /// The number of the change to go back to, as `infra state log` lists them
    #[arg(long, value_name = "SERIAL", value_parser = change)]
    to: Serial,

    /// Save the plan to this file, which may be an older plan; it holds no secret in clear
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    #[command(flatten)]
    wait: WaitArguments,
}

pub(crate) async fn run(
    arguments: &RollbackArguments,
    invocation: &Invocation<'_>,
) -> Result<ExitCode, Failure> {
    if let Some(path) = &arguments.out {
        plan_file::vacant(path).map_err(context::failure)?;
    }
    let backend = context::backend(invocation, render::progress::observer(invocation.terminal))?;
    let request = RollbackRequest {
        target: context::target(&arguments.target, invocation)?,
        to: arguments.to,
        wait: context::wait(&arguments.wait),
    };
    let planned = rollback::plan(&backend, &request)
        .await
        .map_err(context::failure)?;
    plan::show(&planned, invocation)?;
    match &arguments.out {
        Some(path) => {
            plan_file::write(&planned.plan, path).map_err(context::failure)?;
            plan::saved(path, &arguments.target.variables, &planned, invocation);
        }
        None if planned.plan.is_empty() => {}
        None => unsaved(arguments, &planned, invocation),
    }
    Ok(ExitCode::SUCCESS)
}

/// Says how the way back is gone: a plan that was only shown changes nothing.
fn unsaved(arguments: &RollbackArguments, planned: &Planned, invocation: &Invocation<'_>) {
    let (environment, to) = (&arguments.target.environment, arguments.to);
    let (given, secrets) = plan::given_again(&arguments.target.variables, planned);
    let words = format!("rollback {environment} --to {to}{given} --out back.plan");
    let again = context::command(&words, invocation);
    invocation.terminal.say(&format!(
        "Nothing was changed. To go back, save the plan and apply the file: {again}\n{secrets}"
    ));
}
