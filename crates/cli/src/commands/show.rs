//! `infra show`.

use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use infra_engine::{inspect, opened, plan_file};

use crate::arguments::{TargetArguments, WaitArguments};
use crate::commands::{Invocation, context};
use crate::failure::{Failure, FailureKind};
use crate::render;

/// Show a saved plan, or what the state of an environment holds
///
/// Give a file of `infra plan --out` or the name of an environment. Secrets are never shown.
#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    #[command(flatten)]
    target: TargetArguments,

    #[command(flatten)]
    wait: WaitArguments,
}

pub(crate) async fn run(arguments: &ShowArguments, invocation: &Invocation<'_>) -> Result<ExitCode, Failure> {
    let file = invocation
        .settings
        .typed_path(Path::new(&arguments.target.environment));
    if file.is_file() {
        saved_plan(&file, invocation)
    } else {
        state(arguments, invocation).await
    }
}

fn saved_plan(file: &Path, invocation: &Invocation<'_>) -> Result<ExitCode, Failure> {
    let plan = plan_file::read(file).map_err(context::failure)?;
    let digest = plan
        .digest()
        .map_err(|error| Failure::of(FailureKind::Bug, &error))?;
    if invocation.global.json {
        context::print_json(invocation, &render::json::plan(&plan, digest))?;
    } else {
        let header = &plan.header;
        let about = format!(
            "Plan {digest}\nmade {}, expires {}\n\n",
            header.created, header.expires
        );
        context::print(invocation, &(about + &render::plan::render(&plan)))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn state(arguments: &ShowArguments, invocation: &Invocation<'_>) -> Result<ExitCode, Failure> {
    let backend = context::backend(invocation, render::progress::observer(invocation.terminal))?;
    let target = context::target(&arguments.target, invocation)?;
    let wait = context::wait(arguments.wait.wait);
    let opened = opened::open(&backend, &target, wait)
        .await
        .map_err(context::failure)?;
    let records = inspect::records(&opened, None).map_err(context::failure)?;
    if invocation.global.json {
        context::print_json(invocation, &render::json::state(&opened.state, &records))?;
    } else {
        context::print(invocation, &render::state::render(&opened.state, &records))?;
    }
    Ok(ExitCode::SUCCESS)
}
