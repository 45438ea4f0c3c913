//! `infra completions`.

use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::arguments::Arguments;
use crate::commands::Invocation;
use crate::failure::{Failure, FailureKind};

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  infra completions bash > /etc/bash_completion.d/infra
  infra completions fish > ~/.config/fish/completions/infra.fish")]
pub(crate) struct CompletionsArguments {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(
    arguments: &CompletionsArguments,
    invocation: &Invocation<'_>,
) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "infra", &mut script);
    let script = String::from_utf8_lossy(&script);
    invocation
        .terminal
        .data(&script)
        .map_err(|error| Failure::of(FailureKind::Environment, &error))?;
    Ok(ExitCode::SUCCESS)
}
