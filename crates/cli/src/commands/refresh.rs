//! `infra refresh`.

use std::process::ExitCode;

use clap::Args;
use infra_engine::plan::options::Options;
use infra_engine::plan::{Intent, PlanRequest};

use crate::arguments::{TargetArguments, WaitArguments};
use crate::commands::{Invocation, context};
use crate::failure::Failure;
use crate::render;

/// Take what the providers see into the state, and change nothing else
///
/// `plan` and `apply` look by themselves; this is for accepting what somebody changed elsewhere before the stack
/// follows.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  infra refresh local                           then see the way back with: infra plan local")]
pub(crate) struct RefreshArguments {
    #[command(flatten)]
    pub(crate) target: TargetArguments,

    #[command(flatten)]
    wait: WaitArguments,
}

pub(crate) async fn run(
    arguments: &RefreshArguments,
    invocation: &Invocation<'_>,
) -> Result<ExitCode, Failure> {
    let backend = context::backend(invocation, render::progress::observer(invocation.terminal))?;
    let request = PlanRequest {
        target: context::target(&arguments.target, invocation)?,
        intent: Intent::Refresh,
        options: Options {
            refresh: true,
            ..Options::default()
        },
        wait: context::wait(&arguments.wait),
    };
    let planned = infra_engine::plan::plan(&backend, &request)
        .await
        .map_err(context::failure)?;
    let drift = infra_engine::refresh::refresh(&backend, &planned)
        .await
        .map_err(context::failure)?;
    if invocation.global.json {
        context::print_json(
            invocation,
            &serde_json::json!({ "format": "infra.drift/1", "drift": drift }),
        )?;
    } else {
        context::print(invocation, &render::plan::refreshed(&drift))?;
    }
    Ok(ExitCode::SUCCESS)
}
