//! `infra export sql`.

use std::path::PathBuf;

use clap::Args;
use infra_engine::configuration::Read;
use infra_engine::error::EngineError;
use infra_engine::export;
use provider_aws::sql_script::{self, MARK, SqlScript};

use crate::arguments::TargetArguments;
use crate::commands::{Invocation, context};
use crate::failure::{Failure, FailureKind};
use crate::render;

/// Write a script that makes roles, databases, extensions and access in a server on AWS that is not reached from here
///
/// It is for `psql` on a machine inside of the network, and can be run again after every change: what is there stays. The
/// script holds no secret: it reads passwords from variables, and its head says how the command line of AWS fills them.
/// No state is needed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  infra export sql production                   to look at it
  infra export sql production --out main.sql    to a file, for a machine inside of the network
  infra export sql production --component postgres.main
                                                one of several servers
  infra export sql production --json            all of them, for a machine")]
pub(super) struct SqlArguments {
    #[command(flatten)]
    pub(super) target: TargetArguments,

    /// The server, where the environment has several
    #[arg(long, value_name = "ADDRESS")]
    component: Option<String>,

    /// Write to this file instead of standard output; one that was not exported is not overwritten
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn run(arguments: &SqlArguments, invocation: &Invocation<'_>) -> Result<(), Failure> {
    let scripts = scripts(arguments, invocation)?;
    let meant: Vec<&SqlScript> = scripts
        .iter()
        .filter(|script| {
            arguments
                .component
                .as_ref()
                .is_none_or(|one| *one == script.component)
        })
        .collect();
    if invocation.global.json && arguments.out.is_none() {
        return context::print_json(invocation, &render::json::sql(&meant));
    }
    let [script] = meant.as_slice() else {
        return Err(not_one(&scripts, arguments));
    };
    let Some(path) = &arguments.out else {
        return context::print_raw(invocation, &script.text);
    };
    export::write(path, &script.text, MARK).map_err(context::failure)?;
    if invocation.global.json {
        return context::print_json(invocation, &render::json::sql(&meant));
    }
    Ok(())
}

fn scripts(arguments: &SqlArguments, invocation: &Invocation<'_>) -> Result<Vec<SqlScript>, Failure> {
    let target = context::target(&arguments.target, invocation)?;
    let read = export::read(&target, "aws").map_err(context::failure)?;
    let Read {
        stack,
        warnings,
        sources,
        ..
    } = read;
    context::warn(&warnings, &sources, invocation);
    sql_script::export(&stack).map_err(|diagnostics| {
        context::failure(EngineError::Lowering {
            provider: stack.environment.provider.name.clone(),
            diagnostics,
            sources: Box::new(sources),
        })
    })
}

/// Returns the failure of a request that does not name one server.
fn not_one(scripts: &[SqlScript], arguments: &SqlArguments) -> Failure {
    let environment = &arguments.target.environment;
    let all: Vec<&str> = scripts.iter().map(|script| script.component.as_str()).collect();
    match (&arguments.component, all.as_slice()) {
        (_, []) => Failure::new(
            FailureKind::User,
            format!("The environment `{environment}` has no `postgres`"),
        ),
        (Some(component), all) => Failure::new(
            FailureKind::User,
            format!("The environment `{environment}` has no `postgres` with the address `{component}`"),
        )
        .hint(format!("There are: {}", all.join(", "))),
        (None, all) => Failure::new(
            FailureKind::User,
            format!("The environment `{environment}` has several servers, and a script is for one"),
        )
        .hint(format!("Name one with --component: {}", all.join(", "))),
    }
}
