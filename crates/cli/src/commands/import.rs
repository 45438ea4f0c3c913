//! `infra import`.

use std::process::ExitCode;

use clap::Args;
use infra_engine::import;
use infra_engine::opened::Absent;

use crate::arguments::{TargetArguments, WaitArguments};
use crate::commands::{Invocation, context};
use crate::failure::Failure;
use crate::render;

/// Take an object that exists into the state, under an address that the stack declares
///
/// Nothing is changed at the provider. The next plan compares the object with the stack.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  infra import local key_vault.app/local.vault.secret.session_key key_vault.app/session_key")]
pub(crate) struct ImportArguments {
    #[command(flatten)]
    pub(crate) target: TargetArguments,

    /// The address, as `infra plan` shows it
    address: String,

    /// The object's identity at its provider
    id: String,

    #[command(flatten)]
    wait: WaitArguments,
}

pub(crate) async fn run(
    arguments: &ImportArguments,
    invocation: &Invocation<'_>,
) -> Result<ExitCode, Failure> {
    let opening = context::open(&arguments.target, &arguments.wait, Absent::Make, invocation);
    let (backend, mut opened) = opening.await?;
    let what = (arguments.address.as_str(), arguments.id.as_str());
    let record = import::import(&backend, &mut opened, what, context::wait(&arguments.wait))
        .await
        .map_err(context::failure)?;
    if invocation.global.json {
        context::print_json(invocation, &render::json::record(&record))?;
    } else {
        context::print(invocation, &format!("Imported {} as {}\n", record.id, record.key))?;
        let plan = context::command(&format!("plan {}", arguments.target.environment), invocation);
        invocation
            .terminal
            .say(&format!("Compare it with the stack: {plan}\n"));
    }
    Ok(ExitCode::SUCCESS)
}
