//! The command line as typed. The doc comments are the help text.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::commands;
use crate::terminal::LogFormat;

/// Provisions databases, caches, blob stores, networks and key vaults from one HCL stack, once per environment.
///
/// A stack is a folder with `stack.hcl` and one file per environment in `env/`. `plan` shows what would change,
/// `apply` changes it, and running either again after a crash, a kill or a lost connection sorts everything out
/// without a person.
#[derive(Debug, Parser)]
#[command(
    name = "infra",
    version,
    disable_help_subcommand = true,
    after_long_help = "\
Exit codes:
  0    done, or nothing to do
  1    the stack, the plan or the state does not allow it
  2    the command line is wrong; with `--detailed-exitcode`, there are changes
  3    the machine, the network, the cloud or the store failed
  70   a defect of infra
  130  interrupted; what was running was finished and recorded

Environment:
  INFRA_VAR_<name>     value of the variable <name>
  INFRA_IDENTITY       file of the age identity that opens the state's secrets
  INFRA_PASSPHRASE     passphrase that opens the state's secrets, instead of an identity
  INFRA_SERVERS        folder of the server programs of the local provider
  NO_COLOR             any value: no colours

First steps:
  infra init                      start a stack in this folder
  infra validate                  check all environments
  infra plan local                show what would change
  infra apply local               change it
  infra output local              show addresses and URLs"
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: GlobalArguments,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, Args)]
pub(crate) struct GlobalArguments {
    /// The stack's folder
    #[arg(
        short = 'C',
        long = "chdir",
        global = true,
        value_name = "DIR",
        default_value = "."
    )]
    pub(crate) folder: PathBuf,

    /// Write data as JSON; the formats are in docs/reference/json.md
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// How progress is written to standard error
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) log_format: LogFormat,

    /// No colours, like the environment variable NO_COLOR
    #[arg(long, global = true)]
    pub(crate) no_color: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(commands::init::InitArguments),
    Validate(commands::validate::ValidateArguments),
    Fmt(commands::fmt::FmtArguments),
    Plan(commands::plan::PlanArguments),
    Apply(commands::apply::ApplyArguments),
    Destroy(commands::destroy::DestroyArguments),
    Refresh(commands::refresh::RefreshArguments),
    Show(commands::show::ShowArguments),
    Output(commands::output::OutputArguments),
    Graph(commands::graph::GraphArguments),
    State(commands::state::StateArguments),
    Import(commands::import::ImportArguments),
    Rotate(commands::rotate::RotateArguments),
    Version(commands::version::VersionArguments),
    Completions(commands::completions::CompletionsArguments),
}

/// Names an environment and gives its variables.
#[derive(Clone, Debug, Args)]
pub(crate) struct TargetArguments {
    /// The environment, by name or alias
    pub(crate) environment: String,

    /// Value of a variable; wins over INFRA_VAR_<name>
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub(crate) variables: Vec<String>,
}

/// Chooses what a plan looks at.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct PlanningArguments {
    /// Only this component or resource and what it needs; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) target: Vec<String>,

    /// Everything but this component or resource and what needs it; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) exclude: Vec<String>,

    /// Replace this resource even if nothing changed; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) replace: Vec<String>,

    /// Whether to ask the providers what exists; `false` trusts the state
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    pub(crate) refresh: bool,
}

/// Waits for the lease.
#[derive(Clone, Debug, Args)]
pub(crate) struct WaitArguments {
    /// How long to wait for somebody else's lease, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub(crate) wait: u64,
}
