//! `infra init`.

use std::process::ExitCode;

use clap::Args;

use crate::commands::{Invocation, context};
use crate::failure::Failure;

/// Start a stack in a folder: `stack.hcl`, a local environment, and a `.gitignore`
///
/// Files that exist are never overwritten. Prints the names of those written.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  infra init                                    in this folder, named after it
  infra -C shop init --name web-shop            in another one")]
pub(crate) struct InitArguments {
    /// The stack's name; the folder's name if none is given
    #[arg(long)]
    name: Option<String>,
}

pub(crate) fn run(arguments: &InitArguments, invocation: &Invocation<'_>) -> Result<ExitCode, Failure> {
    let folder = &invocation.global.folder;
    let started = infra_engine::configuration::starter::init(folder, arguments.name.as_deref())
        .map_err(context::failure)?;
    if invocation.global.json {
        context::print_json(
            invocation,
            &serde_json::json!({ "format": "infra.init/1", "written": started.written }),
        )?;
    } else {
        context::print(invocation, &lines(&started.written))?;
        if !started.kept.is_empty() {
            let kept = started.kept.join(", ");
            invocation
                .terminal
                .say(&format!("There already, left alone: {kept}\n"));
        }
        let plan = context::command("plan local", invocation);
        invocation
            .terminal
            .say(&format!("See what it would make with: {plan}\n"));
    }
    Ok(ExitCode::SUCCESS)
}

fn lines(names: &[&str]) -> String {
    names.iter().map(|name| format!("{name}\n")).collect()
}
