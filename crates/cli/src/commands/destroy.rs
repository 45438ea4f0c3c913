//! `infra destroy`.

use std::process::ExitCode;

use clap::Args;

use crate::arguments::{PlanningArguments, TargetArguments, WaitArguments};
use crate::commands::apply::{Change, change_environment};
use crate::commands::{Invocation, context};
use crate::failure::Failure;

/// Delete everything that the stack made in an environment
///
/// Protected resources are not deleted: lift their protection in the stack and apply that first. The state and its
/// history stay; they say what there was.
#[derive(Debug, Args)]
pub(crate) struct DestroyArguments {
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
    arguments: &DestroyArguments,
    invocation: &Invocation<'_>,
) -> Result<ExitCode, Failure> {
    let mut options = context::options(&arguments.planning);
    options.destroy = true;
    let change = Change {
        target: &arguments.target,
        options,
        wait: &arguments.wait,
        yes: arguments.yes,
        question: "Delete all of this?",
    };
    change_environment(change, invocation).await
}
