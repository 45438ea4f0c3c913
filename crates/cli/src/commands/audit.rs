//! `infra audit`: whether the history is what was written.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use infra_engine::audit;
use infra_model::digest::Digest;

use crate::arguments::{TargetArguments, WaitArguments};
use crate::commands::{Invocation, context};
use crate::failure::Failure;
use crate::render;

/// Check the history of an environment
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  infra audit verify local                      the chain, and that it leads to what is recorded
  infra audit verify prod --tip 3f2a…           and that it is still the history it was")]
pub(crate) struct AuditArguments {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    Verify(VerifyArguments),
}

/// Check that the history is what was written and leads to what is recorded
///
/// Every entry of the history holds the digest of the one before, so that none can be altered, dropped or moved without a
/// trace. This command follows the whole chain, makes the records anew from it, and compares them with those that are kept.
/// What does not fit is named, with exit code 1, or 3 where the store itself finds the damage.
///
/// Somebody who can write to the store could write another history with a chain that holds. Keep the `tip` that this
/// command prints elsewhere, such as in a ticket or a signed mail: given with --tip, the history must still contain it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  infra audit verify prod                       how many changes, from when to when, and the tip
  infra audit verify prod --json                the same for a pipeline that keeps the tip
  infra audit verify prod --tip 3f2a…           the history went on from there and was not rewritten")]
struct VerifyArguments {
    #[command(flatten)]
    target: TargetArguments,

    /// A digest that this command printed earlier
    #[arg(long, value_name = "DIGEST")]
    tip: Option<Digest>,

    #[command(flatten)]
    wait: WaitArguments,
}

impl AuditArguments {
    /// Returns the environment that was named.
    pub(crate) fn target(&self) -> &TargetArguments {
        match &self.command {
            AuditCommand::Verify(arguments) => &arguments.target,
        }
    }
}

pub(crate) async fn run(
    arguments: &AuditArguments,
    invocation: &Invocation<'_>,
) -> Result<ExitCode, Failure> {
    let AuditCommand::Verify(arguments) = &arguments.command;
    let (_, opened) = context::recorded(&arguments.target, &arguments.wait, invocation).await?;
    let audited = audit::verify(&opened, arguments.tip)
        .await
        .map_err(context::failure)?;
    if invocation.global.json {
        context::print_json(invocation, &render::json::audited(&opened.state, &audited))?;
        return Ok(ExitCode::SUCCESS);
    }
    context::print(invocation, &render::history::audited(&audited))?;
    if arguments.tip.is_none() && audited.entries > 0 {
        let environment = &opened.stack.environment.name;
        let verify = context::command(
            &format!("audit verify {environment} --tip {}", audited.tip),
            invocation,
        );
        invocation.terminal.say(&format!(
            "Keep the tip elsewhere, and later compare with: {verify}\n"
        ));
    }
    Ok(ExitCode::SUCCESS)
}
