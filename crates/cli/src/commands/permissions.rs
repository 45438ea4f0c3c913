//! `infra permissions`.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use infra_engine::error::EngineError;
use infra_engine::permissions::{self, Wanted};
use infra_provider::permissions::Purpose;

use crate::arguments::TargetArguments;
use crate::backends::providers::Providers;
use crate::commands::{Invocation, context};
use crate::failure::Failure;

/// Print the policy that allows what an environment needs at its cloud, and nothing else
///
/// The policy names the operations that the types of the environment's resources call, and what they are called on: objects
/// with our names or tags where the cloud can tell, all where it cannot. It is made from the stack alone, so it can be given
/// to whoever manages accounts before there is anything to sign in with. It covers all from the first plan to destroy; print
/// it again when the stack gets a component of another kind.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  infra permissions production > policy.json
  infra permissions production --for plan     enough to look, as a check of pull requests does
  infra permissions production --part 1       the first of several that are short enough each
  aws iam create-policy --policy-name shop-production --policy-document file://policy.json

On AWS this is an IAM policy. Where it is longer than a managed policy may be, a note says in how many parts `--part` prints it.")]
pub(crate) struct PermissionsArguments {
    #[command(flatten)]
    pub(crate) target: TargetArguments,

    /// What the permissions are for
    #[arg(long = "for", value_enum, value_name = "COMMAND", default_value_t)]
    purpose: For,

    /// Also for objects that were imported: their names and tags are not ours, so nothing is limited by these
    #[arg(long)]
    imported: bool,

    /// Print this part of what is too long for the cloud to keep as one, from 1
    #[arg(long, value_name = "NUMBER")]
    part: Option<usize>,
}

/// What permissions are for.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum For {
    /// To look: plan, refresh
    Plan,
    /// To change: apply, destroy, and all that `plan` needs
    #[default]
    Apply,
}

pub(crate) fn run(
    arguments: &PermissionsArguments,
    invocation: &Invocation<'_>,
) -> Result<ExitCode, Failure> {
    let target = context::target(&arguments.target, invocation)?;
    let wanted = Wanted {
        purpose: match arguments.purpose {
            For::Plan => Purpose::Plan,
            For::Apply => Purpose::Apply,
        },
        imported: arguments.imported,
    };
    let providers = Providers::new(invocation.settings);
    let needed = permissions::permissions(
        &target.folder,
        &target.environment,
        &target.variables,
        &providers,
        wanted,
    );
    let needed = needed.map_err(context::failure)?;
    let document = match arguments.part {
        None => &needed.document,
        Some(part) => chosen(&needed.parts, part)?,
    };
    context::print(invocation, &format!("{document}\n"))?;
    for note in needed.notes {
        invocation.terminal.say(&format!("{note}\n"));
    }
    Ok(ExitCode::SUCCESS)
}

fn chosen(parts: &[String], part: usize) -> Result<&String, Failure> {
    let found = part.checked_sub(1).and_then(|at| parts.get(at));
    found.ok_or_else(|| {
        let message = match parts.len() {
            1 => format!("There is no part {part}: the permissions fit in one document"),
            count => format!("There is no part {part}: the permissions have {count}"),
        };
        context::failure(EngineError::request(message, "Count parts from 1"))
    })
}
