//! `infra validate`.

use std::process::ExitCode;

use clap::Args;

use crate::backends::providers::Providers;
use crate::commands::{Invocation, context};
use crate::failure::Failure;
use crate::render;

/// Check the stack in all its environments, without a provider and without the network
///
/// Reports every mistake of every file at once, and what a provider that is built in would refuse wherever it runs. What
/// only this machine or an account can tell, such as a program that is not installed, is seen by `infra plan`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  infra validate
  infra -C stacks/event-api validate --json     for an editor or a pipeline")]
pub(crate) struct ValidateArguments {
    /// Value of a variable; wins over INFRA_VAR_<name>
    #[arg(long = "var", value_name = "NAME=VALUE")]
    variables: Vec<String>,
}

pub(crate) fn run(arguments: &ValidateArguments, invocation: &Invocation<'_>) -> Result<ExitCode, Failure> {
    let folder = invocation.settings.stack_folder(&invocation.global.folder)?;
    let variables = context::variables(&arguments.variables, invocation)?;
    let providers = Providers::new(invocation.settings);
    let checked = infra_engine::configuration::validate(&folder, &variables, &providers);
    let valid = checked.is_valid();
    if invocation.global.json {
        context::print_json(invocation, &render::json::validation(&checked))?;
        return Ok(ExitCode::from(u8::from(!valid)));
    }
    if !valid {
        return Err(context::failure(checked.into()));
    }
    context::warn(&checked.diagnostics, &checked.sources, invocation);
    let names = checked.environments.join(", ");
    context::print(invocation, &format!("Valid in: {names}\n"))?;
    Ok(ExitCode::SUCCESS)
}
