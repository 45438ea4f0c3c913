//! `infra export`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use infra_engine::configuration::Read;
use infra_engine::error::EngineError;
use infra_engine::export;
use infra_model::sealing::Secret;
use infra_model::value::Value;
use infra_provider::vault::generate::Recipe;
use provider_local::compose::{self, ComposeFile, SecretVariable};

use crate::arguments::TargetArguments;
use crate::commands::{Invocation, context, env};
use crate::failure::{Failure, FailureKind};
use crate::render;
use crate::render::words::{self, counted};

#[cfg(feature = "aws")]
mod sql;

/// Write an environment for other tools
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  infra export compose local --out compose.yaml --secrets-file .env
  docker compose up --wait                      with Docker, beside the two files
  infra export sql production                   to run inside of its network on AWS")]
pub(crate) struct ExportArguments {
    #[command(subcommand)]
    command: ExportCommand,
}

#[derive(Debug, Subcommand)]
enum ExportCommand {
    Compose(ComposeArguments),
    #[cfg(feature = "aws")]
    Sql(sql::SqlArguments),
}

/// Write a compose file with the servers of a local environment, for those who have Docker
///
/// The same databases, owners, roles, extensions, poolers, replicas, caches and buckets as `infra apply` makes, and
/// segments as networks, so that who can reach what stays the same. Neither a state nor any server is needed. The file
/// holds no secret, so it can be committed: it names variables, and `--secrets-file` makes values for them. What compose
/// cannot say stands in the file's head.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  infra export compose local                    to look at it
  infra export compose local --out compose.yaml --secrets-file .env
  docker compose up --wait                      reads both files
  infra export compose ci --json                the file and its variables, for a machine")]
struct ComposeArguments {
    #[command(flatten)]
    target: TargetArguments,

    /// Write to this file instead of standard output; one that was not exported is not overwritten
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Make a value for each secret and add it to this file, which nobody else may read; values that stand in it stay.
    /// Refused where git would take it along
    #[arg(long, value_name = "FILE")]
    secrets_file: Option<PathBuf>,
}

impl ExportArguments {
    /// Returns the environment that was named.
    pub(crate) fn target(&self) -> &TargetArguments {
        match &self.command {
            ExportCommand::Compose(arguments) => &arguments.target,
            #[cfg(feature = "aws")]
            ExportCommand::Sql(arguments) => &arguments.target,
        }
    }
}

pub(crate) fn run(arguments: &ExportArguments, invocation: &Invocation<'_>) -> Result<ExitCode, Failure> {
    match &arguments.command {
        ExportCommand::Compose(arguments) => compose(arguments, invocation)?,
        #[cfg(feature = "aws")]
        ExportCommand::Sql(arguments) => sql::run(arguments, invocation)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn compose(arguments: &ComposeArguments, invocation: &Invocation<'_>) -> Result<(), Failure> {
    if let Some(path) = &arguments.secrets_file {
        env::refuse_what_git_takes(path)?;
    }
    let file = file(arguments, invocation)?;
    if let Some(path) = &arguments.out {
        export::write(path, &file.text, compose::MARK).map_err(context::failure)?;
    }
    let added = match &arguments.secrets_file {
        None => None,
        Some(path) => Some(export::complete(path, &values(&file.secrets)?).map_err(context::failure)?),
    };
    if invocation.global.json {
        return context::print_json(invocation, &render::json::compose(&file));
    }
    if arguments.out.is_none() {
        return context::print_raw(invocation, &file.text);
    }
    say(arguments, &file, added, invocation);
    Ok(())
}

/// Returns the environment as a compose file.
fn file(arguments: &ComposeArguments, invocation: &Invocation<'_>) -> Result<ComposeFile, Failure> {
    let target = context::target(&arguments.target, invocation)?;
    let Read {
        stack,
        warnings,
        sources,
        ..
    } = export::read(&target, "local").map_err(context::failure)?;
    context::warn(&warnings, &sources, invocation);
    compose::export(&stack).map_err(|diagnostics| {
        context::failure(EngineError::Lowering {
            provider: stack.environment.provider.name.clone(),
            diagnostics,
            sources: Box::new(sources),
        })
    })
}

/// Returns a fresh value for each variable.
fn values(secrets: &[SecretVariable]) -> Result<Vec<(String, Secret)>, Failure> {
    let value = |secret: &SecretVariable| {
        let recipe = [
            ("alphabet", Value::from("alphanumeric")),
            ("length", Value::from(secret.chars)),
        ];
        let made = Recipe::from_value(&Value::map(recipe)).and_then(|recipe| recipe.generate());
        let made = made.map_err(|error| Failure::of(FailureKind::Environment, &error))?;
        Ok((secret.name.clone(), made))
    };
    secrets.iter().map(value).collect()
}

fn say(arguments: &ComposeArguments, file: &ComposeFile, added: Option<usize>, invocation: &Invocation<'_>) {
    let text = match (added, file.secrets.len(), &arguments.out) {
        (_, 0, _) => String::new(),
        (Some(0), _, _) => "No secret was missing\n".to_owned(),
        (Some(added), _, _) => format!("{} made\n", counted(added, "secret")),
        (None, count, Some(out)) => {
            let out = words::quoted(&out.display().to_string());
            let environment = &arguments.target.environment;
            let again = format!("export compose {environment} --out {out} --secrets-file .env");
            let again = context::command(&again, invocation);
            format!("It needs {}; make them with: {again}\n", counted(count, "secret"))
        }
        (None, _, None) => String::new(),
    };
    invocation.terminal.say(&text);
}
