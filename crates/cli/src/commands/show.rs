//! `infra show`.

use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use infra_engine::{inspect, plan_file};

use crate::arguments::{SubjectArguments, WaitArguments};
use crate::commands::{Invocation, context};
use crate::failure::{Failure, FailureKind};
use crate::render;

/// Show a saved plan, or what the state of an environment holds
///
/// Secrets are never shown.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  infra show prod.plan                          what this plan would do
  infra show prod.plan --json                   the same for a machine
  infra show local                              every resource of the environment")]
pub(crate) struct ShowArguments {
    #[command(flatten)]
    pub(crate) subject: SubjectArguments,

    #[command(flatten)]
    wait: WaitArguments,
}

pub(crate) async fn run(arguments: &ShowArguments, invocation: &Invocation<'_>) -> Result<ExitCode, Failure> {
    match arguments.subject.file() {
        Some(file) => saved_plan(file, invocation),
        None => state(arguments, invocation).await,
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
            "Plan {digest}\nmade {}, may be applied until {}\n\n",
            header.created, header.expires
        );
        context::print(invocation, &(about + &render::plan::render(&plan)))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn state(arguments: &ShowArguments, invocation: &Invocation<'_>) -> Result<ExitCode, Failure> {
    context::not_a_missing_file(&arguments.subject)?;
    let target = arguments.subject.target(arguments.subject.typed());
    let (_, opened) = context::recorded(&target, &arguments.wait, invocation).await?;
    let records = inspect::records(&opened, None).map_err(context::failure)?;
    if invocation.global.json {
        context::print_json(invocation, &render::json::state(&opened.state, &records))?;
    } else {
        context::print(invocation, &render::state::render(&opened.state, &records))?;
    }
    Ok(ExitCode::SUCCESS)
}
