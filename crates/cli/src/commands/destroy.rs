//! `infra destroy`.

use std::process::ExitCode;

use clap::Args;

use crate::arguments::{PlanningArguments, TargetArguments, WaitArguments};
use crate::commands::run::{Asks, Change, change};
use crate::commands::signals::Signals;
use crate::commands::{Invocation, context};
use crate::failure::Failure;

/// Delete everything that the stack made in an environment
///
/// Protected resources are not deleted: lift their protection in the stack and apply that first. The state and its
/// history stay; they say what there was.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  infra plan local --destroy                    look first
  infra destroy local                           show, ask, delete
  infra destroy local --target key_vault.app    only this component and what needs it")]
pub(crate) struct DestroyArguments {
    #[command(flatten)]
    pub(crate) target: TargetArguments,

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
    let planned = Change {
        command: "destroy",
        target: &arguments.target,
        options,
        wait: context::wait(&arguments.wait),
        yes: arguments.yes,
        asks: Asks::Always,
        question: "Delete all of this?",
        signals: Signals::default(),
        insists: false,
    };
    change(planned, invocation).await
}
