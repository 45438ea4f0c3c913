//! `infra validate`.

use std::process::ExitCode;

use clap::Args;

use crate::commands::{Invocation, context};
use crate::failure::{Failure, FailureKind};
use crate::render;

/// Check the stack in all its environments, without a provider and without the network
///
/// Reports every mistake of every file at once. Environments of providers that this engine was not built with are
/// checked as fully as the others.
#[derive(Debug, Args)]
pub(crate) struct ValidateArguments {
    /// Value of a variable; wins over INFRA_VAR_<name>
    #[arg(long = "var", value_name = "NAME=VALUE")]
    variables: Vec<String>,
}

pub(crate) fn run(arguments: &ValidateArguments, invocation: &Invocation<'_>) -> Result<ExitCode, Failure> {
    let folder = invocation.settings.stack_folder(&invocation.global.folder)?;
    let variables = context::variables(&arguments.variables, invocation)?;
    let checked = infra_engine::configuration::validate(&folder, &variables);
    let errors = checked
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.is_error())
        .count();
    if invocation.global.json {
        context::print_json(invocation, &render::json::validation(&checked))?;
    } else {
        invocation.terminal.say(&render::diagnostic::render_all(
            &checked.diagnostics,
            &checked.sources,
        ));
    }
    if errors > 0 {
        let mistakes = if errors == 1 {
            "one mistake".to_owned()
        } else {
            format!("{errors} mistakes")
        };
        return Err(Failure::new(
            FailureKind::User,
            format!("The stack has {mistakes} to mend"),
        ));
    }
    if !invocation.global.json {
        let names = checked.environments.join(", ");
        context::print(invocation, &format!("Valid in: {names}\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}
