//! `infra parity`.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use infra_engine::parity::{self, Parity};

use crate::commands::{Invocation, context};
use crate::failure::Failure;
use crate::render;

/// Show in what two environments of the stack differ
///
/// Looks at the stack alone: no state, no provider and no secret is needed. Differences that are meant to be are declared in
/// `stack.hcl`, with their reason, and told apart from the others.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  infra parity staging production
  infra parity staging production --format markdown > parity.md
  infra parity staging production --detailed-exitcode   in a script: 0 all declared, 2 not, 1 error

A difference is declared in stack.hcl, by the path that is shown for it:
  parity {
    exception \"load\" {
      paths   = [\"postgres.*.size\", \"postgres.main.replicas\"]
      between = [\"staging\", \"production\"]
      reason  = \"Staging proves the topology, not the load\"
    }
  }")]
pub(crate) struct ParityArguments {
    /// An environment, by name or alias
    #[arg(value_name = "ENVIRONMENT")]
    left: String,

    /// The environment that it is compared with
    #[arg(value_name = "OTHER")]
    right: String,

    /// Value of a variable; wins over INFRA_VAR_<name>; a secret text or number needs none
    #[arg(long = "var", value_name = "NAME=VALUE")]
    variables: Vec<String>,

    /// The form
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: Format,

    /// Exit with 0 when all differences are declared, 2 when there are others, 1 on any error
    #[arg(long)]
    detailed_exitcode: bool,
}

/// Forms of a comparison.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// Tables for people
    #[default]
    Text,
    /// A page
    Markdown,
    /// A document, as with --json
    Json,
}

pub(crate) fn run(arguments: &ParityArguments, invocation: &Invocation<'_>) -> Result<ExitCode, Failure> {
    let folder = invocation.settings.stack_folder(&invocation.global.folder)?;
    let variables = context::variables(&arguments.variables, invocation)?;
    let compared = parity::read_all(&folder, &variables).compare(&arguments.left, &arguments.right);
    let compared = compared.map_err(context::failure)?;
    show(&compared, arguments, invocation)?;
    Ok(
        if arguments.detailed_exitcode && !compared.undeclared.is_empty() {
            ExitCode::from(2)
        } else {
            ExitCode::SUCCESS
        },
    )
}

fn show(compared: &Parity, arguments: &ParityArguments, invocation: &Invocation<'_>) -> Result<(), Failure> {
    match arguments.format {
        _ if invocation.global.json => {}
        Format::Json => {}
        Format::Text => return context::print(invocation, &render::parity::text(compared)),
        Format::Markdown => {
            let [left, right] = &compared.between;
            let page = render::parity::markdown(compared, "##");
            return context::print(invocation, &format!("# {left} and {right}\n\n{page}"));
        }
    }
    context::print_json(invocation, &render::parity::document(compared))
}
