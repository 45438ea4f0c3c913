//! `infra rollback`: the way back as a plan.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use infra_engine::plan_file;
use infra_engine::rollback::{self, RollbackRequest};
use infra_model::record::Serial;

use crate::arguments::{TargetArguments, WaitArguments};
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
    #[arg(long, value_name = "SERIAL")]
    to: u64,

    /// Save the plan to this file; it holds no secret in clear
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    #[command(flatten)]
    wait: WaitArguments,
}

pub(crate) async fn run(
    arguments: &RollbackArguments,
    invocation: &Invocation<'_>,
) -> Result<ExitCode, Failure> {
    let backend = context::backend(invocation, render::progress::observer(invocation.terminal))?;
    let request = RollbackRequest {
        target: context::target(&arguments.target, invocation)?,
        to: Serial(arguments.to),
        wait: context::wait(&arguments.wait),
    };
    let planned = rollback::plan(&backend, &request)
        .await
        .map_err(context::failure)?;
    plan::show(&planned, invocation)?;
    if let Some(path) = &arguments.out {
        plan_file::write(&planned.plan, path).map_err(context::failure)?;
        plan::saved(path, &arguments.target.variables, &planned, invocation);
    }
    Ok(ExitCode::SUCCESS)
}
