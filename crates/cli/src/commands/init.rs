//! `infra init`.

use std::process::ExitCode;

use clap::Args;

use crate::commands::{Invocation, context};
use crate::failure::Failure;

/// Start a stack in a folder: `stack.hcl`, a local environment, and a `.gitignore`
///
/// Files that exist are never overwritten.
#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    /// The stack's name; the folder's name if none is given
    #[arg(long)]
    name: Option<String>,
}

pub(crate) fn run(arguments: &InitArguments, invocation: &Invocation<'_>) -> Result<ExitCode, Failure> {
    let folder = invocation.settings.typed_path(&invocation.global.folder);
    let made = infra_engine::configuration::starter::init(&folder, arguments.name.as_deref())
        .map_err(context::failure)?;
    if invocation.global.json {
        context::print_json(
            invocation,
            &serde_json::json!({ "format": "infra.init/1", "written": made }),
        )?;
    } else {
        made.iter()
            .try_for_each(|file| context::print(invocation, &format!("{file}\n")))?;
        invocation
            .terminal
            .say("Look at what it would do with: infra plan local\n");
    }
    Ok(ExitCode::SUCCESS)
}
