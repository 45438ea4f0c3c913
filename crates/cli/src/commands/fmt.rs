//! `infra fmt`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use infra_engine::configuration::layout::{self, Formatted};

use crate::commands::{Invocation, context};
use crate::failure::Failure;

/// Bring stack files into the usual layout; comments stay where they are
///
/// Without FILE all files of the stack's folder are laid out. Prints the names of those that changed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  infra fmt                                     the whole stack
  infra fmt env/production.hcl                  one file
  infra fmt --check                             in a pipeline: change nothing, exit with 1")]
pub(crate) struct FmtArguments {
    /// Files to lay out
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Change nothing; exit with 1 if a file would change
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(arguments: &FmtArguments, invocation: &Invocation<'_>) -> Result<ExitCode, Failure> {
    let folder = invocation.settings.stack_folder(&invocation.global.folder)?;
    let formatted = layout::format(&folder, &arguments.files).map_err(context::failure)?;
    let changed: Vec<&Formatted> = formatted.iter().filter(|file| file.changed()).collect();
    if !arguments.check {
        for file in &changed {
            layout::write(file).map_err(context::failure)?;
        }
    }
    if invocation.global.json {
        let names: Vec<&str> = changed.iter().map(|file| file.name.as_str()).collect();
        context::print_json(
            invocation,
            &serde_json::json!({ "format": "infra.fmt/1", "changed": names }),
        )?;
    } else {
        let names: String = changed.iter().map(|file| file.name.clone() + "\n").collect();
        context::print(invocation, &names)?;
    }
    Ok(if arguments.check && !changed.is_empty() {
        ExitCode::from(1)
    } else {
        ExitCode::SUCCESS
    })
}
