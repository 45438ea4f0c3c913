//! `infra rotate`.

use std::process::ExitCode;

use clap::Args;

use crate::arguments::{PlanningArguments, TargetArguments, WaitArguments};
use crate::commands::apply::{Change, change_environment};
use crate::commands::{Invocation, context};
use crate::failure::Failure;

/// Give a generated secret a new version, and everything that uses it
///
/// ADDRESS is the resource of the secret as `infra state list` shows it, or its component: then all generated secrets
/// of the component are rotated. Services stay reachable.
#[derive(Debug, Args)]
pub(crate) struct RotateArguments {
    #[command(flatten)]
    target: TargetArguments,

    /// The secret or its component; may be repeated
    #[arg(required = true, value_name = "ADDRESS")]
    addresses: Vec<String>,

    #[command(flatten)]
    wait: WaitArguments,

    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

pub(crate) async fn run(
    arguments: &RotateArguments,
    invocation: &Invocation<'_>,
) -> Result<ExitCode, Failure> {
    let mut options = context::options(&PlanningArguments {
        refresh: true,
        ..PlanningArguments::default()
    });
    options.rotate.clone_from(&arguments.addresses);
    let change = Change {
        target: &arguments.target,
        options,
        wait: &arguments.wait,
        yes: arguments.yes,
        question: "Rotate these secrets?",
    };
    change_environment(change, invocation).await
}
