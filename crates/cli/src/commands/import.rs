//! `infra import`.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use infra_engine::import;
use infra_engine::opened::Absent;
use infra_engine::terraform::{self, AdoptRequest};

use crate::arguments::{TargetArguments, WaitArguments};
use crate::commands::{Invocation, context};
use crate::failure::{Failure, FailureKind};
use crate::render;

/// Stands for standard input.
const STANDARD_INPUT: &str = "-";

/// Take objects that exist into the state, under addresses that the stack declares
///
/// Nothing is changed at the provider, not even tags. The next plan compares the objects with the stack. With --from-terraform
/// all objects of a state of Terraform or OpenTofu that the stack has an address for are taken in one change; the file says
/// which there are, and the cloud is asked what they are. What fits more than one address is not guessed but listed, and
/// --map decides. It can be run again: what is recorded already is passed over.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  infra import local key_vault.app/local.vault.secret.session_key key_vault.app/session_key
  infra import production --from-terraform terraform.tfstate --dry-run
  terraform state pull | infra import production --from-terraform -
  infra import production --from-terraform terraform.tfstate \\
    --map 'aws_db_instance.main=postgres.main/aws.rds.instance.primary'

docs/guide/from-terraform.md tells the way from Terraform step by step.")]
pub(crate) struct ImportArguments {
    #[command(flatten)]
    pub(crate) target: TargetArguments,

    /// The address, as `infra plan` shows it
    #[arg(
        required_unless_present = "from_terraform",
        conflicts_with = "from_terraform",
        requires = "id"
    )]
    address: Option<String>,

    /// The object's identity at its provider
    #[arg(conflicts_with = "from_terraform")]
    id: Option<String>,

    /// Take all that a state of Terraform has, format version 4; `-` reads it from standard input
    #[arg(long, value_name = "STATE")]
    from_terraform: Option<PathBuf>,

    /// Say which address an object of Terraform is that of; may be repeated
    #[arg(long, value_name = "THEIRS=OURS", requires = "from_terraform")]
    map: Vec<String>,

    /// Say what would be taken, and take nothing
    #[arg(long, requires = "from_terraform")]
    dry_run: bool,

    #[command(flatten)]
    wait: WaitArguments,
}

pub(crate) async fn run(
    arguments: &ImportArguments,
    invocation: &Invocation<'_>,
) -> Result<ExitCode, Failure> {
    match (&arguments.from_terraform, &arguments.address, &arguments.id) {
        (Some(file), ..) => adopt(file, arguments, invocation).await,
        (None, Some(address), Some(id)) => one((address, id), arguments, invocation).await,
        _ => Err(Failure::new(FailureKind::Bug, "An import without a subject")),
    }
}

async fn one(
    what: (&str, &str),
    arguments: &ImportArguments,
    invocation: &Invocation<'_>,
) -> Result<ExitCode, Failure> {
    let opening = context::open(&arguments.target, &arguments.wait, Absent::Make, invocation);
    let (backend, mut opened) = opening.await?;
    let record = import::import(&backend, &mut opened, what, context::wait(&arguments.wait))
        .await
        .map_err(context::failure)?;
    if invocation.global.json {
        context::print_json(invocation, &render::json::record(&record))?;
    } else {
        context::print(invocation, &format!("Imported {} as {}\n", record.id, record.key))?;
        compare(arguments, invocation);
    }
    Ok(ExitCode::SUCCESS)
}

async fn adopt(
    file: &Path,
    arguments: &ImportArguments,
    invocation: &Invocation<'_>,
) -> Result<ExitCode, Failure> {
    let state = read(file)?;
    let absent = if arguments.dry_run {
        Absent::Imagine
    } else {
        Absent::Make
    };
    let opening = context::open(&arguments.target, &arguments.wait, absent, invocation);
    let (backend, mut opened) = opening.await?;
    let request = AdoptRequest {
        state: &state,
        choices: &arguments.map,
        dry_run: arguments.dry_run,
        wait: context::wait(&arguments.wait),
    };
    let adoption = terraform::adopt(&backend, &mut opened, request)
        .await
        .map_err(context::failure)?;
    if invocation.global.json {
        let document = render::adoption::document(&adoption, arguments.dry_run);
        context::print_json(invocation, &document)?;
        return Ok(ExitCode::SUCCESS);
    }
    context::print(invocation, &render::adoption::text(&adoption, arguments.dry_run))?;
    if !arguments.dry_run {
        compare(arguments, invocation);
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads a state, which may hold secrets: nothing of it is shown.
fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = match file == Path::new(STANDARD_INPUT) {
        true => std::io::stdin().read_to_end(&mut bytes).map(|_| ()),
        false => std::fs::read(file).map(|found| bytes = found),
    };
    read.map_err(|error| {
        let message = format!("`{}` cannot be read: {error}", file.display());
        Failure::new(FailureKind::User, message)
            .hint("Write it with: terraform state pull > terraform.tfstate")
    })?;
    Ok(bytes)
}

fn compare(arguments: &ImportArguments, invocation: &Invocation<'_>) {
    let plan = context::command(&format!("plan {}", arguments.target.environment), invocation);
    invocation
        .terminal
        .say(&format!("Compare it with the stack: {plan}\n"));
}
