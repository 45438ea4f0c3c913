//! `infra rotate`.

use std::process::ExitCode;

use clap::Args;

use crate::arguments::{PlanningArguments, TargetArguments, WaitArguments};
use crate::commands::run::{Asks, Change, change};
use crate::commands::signals::Signals;
use crate::commands::{Invocation, context};
use crate::failure::Failure;

/// Give a generated secret a new version, and everything that uses it
///
/// ADDRESS is the resource of the secret as `infra state list` shows it, or what it belongs to: a component, all its
/// instances, or a module. Then all generated secrets of it are rotated; those whose value the stack gives stay.
/// Services stay reachable.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  infra rotate local postgres.main                                      all its passwords
  infra rotate local key_vault.app/local.vault.secret.session_key       one secret")]
pub(crate) struct RotateArguments {
    #[command(flatten)]
    pub(crate) target: TargetArguments,

    /// The secret, its component or its module; may be repeated
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
    let planned = Change {
        command: "rotate",
        target: &arguments.target,
        options,
        wait: context::wait(&arguments.wait),
        yes: arguments.yes,
        asks: Asks::Always,
        question: "Rotate these secrets?",
        signals: Signals::default(),
        insists: false,
    };
    change(planned, invocation).await
}
