//! `infra import`.

use std::process::ExitCode;

use clap::Args;
use infra_engine::{import, opened};

use crate::arguments::{TargetArguments, WaitArguments};
use crate::commands::{Invocation, context};
use crate::failure::Failure;
use crate::render;

/// Take an object that exists into the state, under an address that the stack declares
///
/// Nothing is changed at the provider. The next plan compares the object with the stack.
#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    #[command(flatten)]
    target: TargetArguments,

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
    let backend = context::backend(invocation, render::progress::observer(invocation.terminal))?;
    let target = context::target(&arguments.target, invocation)?;
    let wait = context::wait(arguments.wait.wait);
    let opened = opened::open(&backend, &target, wait)
        .await
        .map_err(context::failure)?;
    let record = import::import(&backend, &opened, &arguments.address, &arguments.id)
        .await
        .map_err(context::failure)?;
    if invocation.global.json {
        context::print_json(invocation, &render::json::record(&record))?;
    } else {
        context::print(invocation, &format!("Imported {} as {}\n", record.id, record.key))?;
        invocation.terminal.say("Compare it with the stack: infra plan\n");
    }
    Ok(ExitCode::SUCCESS)
}
