//! `infra state`: looking at the state and repairing it by hand.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use infra_engine::{inspect, migrate, past, restore, surgery};
use infra_model::record::Serial;

use crate::arguments::{TargetArguments, WaitArguments, change};
use crate::commands::{Invocation, context};
use crate::failure::Failure;
use crate::render;
use crate::render::words::counted;

/// Look at the state of an environment, or change it by hand
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  infra state list local
  infra state show local postgres.main
  infra state log local                         who changed what, when, by which plan
  infra state at local 7                        what was recorded after the seventh change
  infra state mv local postgres.old postgres.new
  infra state pull local --out local.state      a copy to keep
  infra state migrate local                     to the store that the stack names now
  infra help state push                         what to do with a damaged state")]
pub(crate) struct StateArguments {
    #[command(subcommand)]
    command: StateCommand,
}

#[derive(Debug, Subcommand)]
enum StateCommand {
    /// List the addresses of all recorded resources
    List(ListArguments),
    /// Show records whole; secrets are hidden
    Show(ShowArguments),
    Log(LogArguments),
    At(AtArguments),
    /// Rename a resource, or all resources of a component, without touching the objects
    Mv(MvArguments),
    /// Forget resources; the objects go on to exist
    Rm(RmArguments),
    /// Write the whole state to a file or standard output; secrets stay sealed
    Pull(PullArguments),
    /// Make the state of an environment that has none from a file of `pull`
    Push(PushArguments),
    Migrate(MigrateArguments),
}

#[derive(Debug, Args)]
struct ListArguments {
    #[command(flatten)]
    target: TargetArguments,
    #[command(flatten)]
    wait: WaitArguments,
}

#[derive(Debug, Args)]
struct ShowArguments {
    #[command(flatten)]
    target: TargetArguments,
    /// A resource or component
    address: String,
    #[command(flatten)]
    wait: WaitArguments,
}

/// List the operations that changed the state, newest last
///
/// Each operation is told with its time, who asked for it, and the plan; below it stand its changes with their numbers,
/// which `infra state at` and `infra rollback` take. Nothing is ever removed from this list.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  infra state log prod                          the changes and their numbers
  infra state log prod --json                   the same for a machine, with each record as it was written
  infra state at prod 40                        what was recorded after change 40")]
struct LogArguments {
    #[command(flatten)]
    target: TargetArguments,
    #[command(flatten)]
    wait: WaitArguments,
}

/// Show the state as it was after an earlier change; secrets are hidden
///
/// `infra state log` lists the changes with their numbers. One operation makes several: after one of the first the state
/// was still on its way.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  infra state at prod 40                        every resource as it was recorded then
  infra state at prod 40 --json                 the same for a machine
  infra rollback prod --to 40                   what it would take to go back there")]
struct AtArguments {
    #[command(flatten)]
    target: TargetArguments,
    /// The number of the change, as `infra state log` lists them
    #[arg(value_parser = change)]
    serial: Serial,
    #[command(flatten)]
    wait: WaitArguments,
}

#[derive(Debug, Args)]
struct MvArguments {
    #[command(flatten)]
    target: TargetArguments,
    /// The old address of a resource or component
    from: String,
    /// The new address, of the same sort
    to: String,
    #[command(flatten)]
    wait: WaitArguments,
}

#[derive(Debug, Args)]
struct RmArguments {
    #[command(flatten)]
    target: TargetArguments,
    /// Resources or components
    #[arg(required = true, value_name = "ADDRESS")]
    addresses: Vec<String>,
    #[command(flatten)]
    wait: WaitArguments,
}

#[derive(Debug, Args)]
struct PullArguments {
    #[command(flatten)]
    target: TargetArguments,
    /// The file; standard output if none is given
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    wait: WaitArguments,
}

impl StateArguments {
    /// Returns the environment that was named.
    pub(crate) fn target(&self) -> &TargetArguments {
        match &self.command {
            StateCommand::List(arguments) => &arguments.target,
            StateCommand::Show(arguments) => &arguments.target,
            StateCommand::Log(arguments) => &arguments.target,
            StateCommand::At(arguments) => &arguments.target,
            StateCommand::Mv(arguments) => &arguments.target,
            StateCommand::Rm(arguments) => &arguments.target,
            StateCommand::Pull(arguments) => &arguments.target,
            StateCommand::Push(arguments) => &arguments.target,
            StateCommand::Migrate(arguments) => &arguments.target,
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example, where a state is damaged:
  mv .infra/local/state /tmp/damaged
  infra state push local local.state
  infra plan local                              see what moved since the file was written")]
struct PushArguments {
    #[command(flatten)]
    target: TargetArguments,
    /// A file that `infra state pull` wrote
    file: PathBuf,
    #[command(flatten)]
    wait: WaitArguments,
}

/// Move the state to the store that the stack names now
///
/// The stack names the new store in its block `store`. Where the state was before says a block `previous` inside it;
/// without one it is the folder of this machine, as before there was a block at all.
///
/// Both stores are taken, the state is copied with its whole history, read back and compared, and only then the old store
/// is marked as left: whoever still uses it is told where the state went. A folder of this machine is moved aside.
/// Killed at any moment, the same command goes on where it was. What a run has left open is taken along, and the next
/// plan resolves it.
#[derive(Debug, Args)]
#[command(after_help = "\
Example, from this machine to a bucket:
  store \"object\" { url = \"s3://shop-infra/state\" }          in stack.hcl
  infra state migrate production

From a bucket to a database:
  store \"postgres\" {                                        in stack.hcl
    url = var.state_url
    previous \"object\" { url = \"s3://shop-infra/state\" }
  }
  infra state migrate production                            once per environment")]
struct MigrateArguments {
    #[command(flatten)]
    target: TargetArguments,
    #[command(flatten)]
    wait: WaitArguments,
}

pub(crate) async fn run(
    arguments: &StateArguments,
    invocation: &Invocation<'_>,
) -> Result<ExitCode, Failure> {
    match &arguments.command {
        StateCommand::List(arguments) => list(arguments, invocation).await,
        StateCommand::Show(arguments) => show(arguments, invocation).await,
        StateCommand::Log(arguments) => log(arguments, invocation).await,
        StateCommand::At(arguments) => at(arguments, invocation).await,
        StateCommand::Mv(arguments) => mv(arguments, invocation).await,
        StateCommand::Rm(arguments) => rm(arguments, invocation).await,
        StateCommand::Pull(arguments) => pull(arguments, invocation).await,
        StateCommand::Push(arguments) => push(arguments, invocation).await,
        StateCommand::Migrate(arguments) => migrate(arguments, invocation).await,
    }?;
    Ok(ExitCode::SUCCESS)
}

async fn list(arguments: &ListArguments, invocation: &Invocation<'_>) -> Result<(), Failure> {
    let (_, opened) = context::recorded(&arguments.target, &arguments.wait, invocation).await?;
    let keys: Vec<String> = opened.state.records.keys().map(ToString::to_string).collect();
    if invocation.global.json {
        return context::print_json(
            invocation,
            &serde_json::json!({ "format": "infra.addresses/1", "addresses": keys }),
        );
    }
    context::print(
        invocation,
        &keys.iter().map(|key| key.clone() + "\n").collect::<String>(),
    )
}

async fn show(arguments: &ShowArguments, invocation: &Invocation<'_>) -> Result<(), Failure> {
    let (_, opened) = context::recorded(&arguments.target, &arguments.wait, invocation).await?;
    let records = inspect::records(&opened, Some(&arguments.address)).map_err(context::failure)?;
    if invocation.global.json {
        return context::print_json(invocation, &render::json::state(&opened.state, &records));
    }
    context::print(invocation, &render::state::records(&records))
}

async fn log(arguments: &LogArguments, invocation: &Invocation<'_>) -> Result<(), Failure> {
    let (_, opened) = context::recorded(&arguments.target, &arguments.wait, invocation).await?;
    let history = inspect::history(&opened).await.map_err(context::failure)?;
    if invocation.global.json {
        return context::print_json(
            invocation,
            &serde_json::json!({ "format": "infra.history/1", "entries": history }),
        );
    }
    context::print(invocation, &render::history::render(&history))
}

async fn at(arguments: &AtArguments, invocation: &Invocation<'_>) -> Result<(), Failure> {
    let (_, opened) = context::recorded(&arguments.target, &arguments.wait, invocation).await?;
    let past = past::at(&opened, arguments.serial)
        .await
        .map_err(context::failure)?;
    let records = past.records().map_err(context::failure)?;
    if invocation.global.json {
        return context::print_json(invocation, &render::json::past(&opened.state, &past, &records));
    }
    context::print(invocation, &render::state::past(&opened.state, &past, &records))
}

async fn mv(arguments: &MvArguments, invocation: &Invocation<'_>) -> Result<(), Failure> {
    let (backend, mut opened) = context::recorded(&arguments.target, &arguments.wait, invocation).await?;
    let names = (arguments.from.as_str(), arguments.to.as_str());
    let renamed = surgery::rename(&backend, &mut opened, names, context::wait(&arguments.wait))
        .await
        .map_err(context::failure)?;
    if invocation.global.json {
        return context::print_json(
            invocation,
            &serde_json::json!({ "format": "infra.moved/1", "moved": renamed }),
        );
    }
    let lines: String = renamed
        .iter()
        .map(|(from, to)| format!("{from} -> {to}\n"))
        .collect();
    context::print(invocation, &lines)
}

async fn rm(arguments: &RmArguments, invocation: &Invocation<'_>) -> Result<(), Failure> {
    let (backend, mut opened) = context::recorded(&arguments.target, &arguments.wait, invocation).await?;
    let wait = context::wait(&arguments.wait);
    let forgotten = surgery::forget(&backend, &mut opened, &arguments.addresses, wait)
        .await
        .map_err(context::failure)?;
    if invocation.global.json {
        return context::print_json(
            invocation,
            &serde_json::json!({ "format": "infra.forgotten/1", "forgotten": forgotten }),
        );
    }
    context::print(
        invocation,
        &forgotten
            .iter()
            .map(|key| format!("forgot {key}\n"))
            .collect::<String>(),
    )
}

async fn pull(arguments: &PullArguments, invocation: &Invocation<'_>) -> Result<(), Failure> {
    let (_, opened) = context::recorded(&arguments.target, &arguments.wait, invocation).await?;
    let archive = inspect::archive(&opened).await.map_err(context::failure)?;
    match &arguments.out {
        None => context::print(invocation, &String::from_utf8_lossy(&archive)),
        Some(path) => inspect::write(path, &archive).map_err(context::failure),
    }
}

async fn push(arguments: &PushArguments, invocation: &Invocation<'_>) -> Result<(), Failure> {
    let backend = context::backend(invocation, render::progress::observer(invocation.terminal))?;
    let target = context::target(&arguments.target, invocation)?;
    let wait = context::wait(&arguments.wait);
    let restored = restore::restore(&backend, &target, &arguments.file, wait).await;
    let restored = restored.map_err(context::failure)?;
    if invocation.global.json {
        let document = serde_json::json!({
            "format": "infra.restored/1",
            "serial": restored.serial,
            "records": restored.records,
            "history": restored.history,
        });
        return context::print_json(invocation, &document);
    }
    let resources = counted(restored.records, "resource");
    context::print(invocation, &format!("{resources}, serial {}\n", restored.serial))
}

async fn migrate(arguments: &MigrateArguments, invocation: &Invocation<'_>) -> Result<(), Failure> {
    let backend = context::backend(invocation, render::progress::observer(invocation.terminal))?;
    let target = context::target(&arguments.target, invocation)?;
    let wait = context::wait(&arguments.wait);
    let migrated = migrate::migrate(&backend, &target, wait).await;
    let migrated = migrated.map_err(context::failure)?;
    if invocation.global.json {
        return context::print_json(invocation, &render::json::migrated(&migrated));
    }
    context::print(invocation, &render::state::migrated(&migrated))
}
