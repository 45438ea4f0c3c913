//! The command line as typed. The doc comments are the help text.

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};
use infra_model::record::Serial;

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
    max_term_width = 100,
    after_help = "\
First steps:
  infra init                      start a stack in this folder
  infra validate                  check all environments
  infra plan local                show what would change
  infra apply local               change it
  infra output local              show addresses and URLs
  infra help plan                 explain a command",
    after_long_help = "\
Exit codes:
  0    done, or nothing to do
  1    the stack, the plan or the state does not allow it
  2    the command line is wrong; of `plan --detailed-exitcode`: there are changes, and of
       `parity --detailed-exitcode`: there are differences that nothing declares
  3    the machine, the network, the cloud or the store failed
  4    another run has the environment: try again, or wait for it with --wait
  70   a defect of infra
  130  interrupted; what was running was finished and recorded, or, after a second Ctrl-C, is
       looked at by the next run

Environment:
  INFRA_VAR_<name>     value of the variable <name>; a secret is better given here than with --var
  INFRA_IDENTITY       file of the age identity that opens the state's secrets
  INFRA_PASSPHRASE     passphrase that opens the state's secrets, instead of an identity
  INFRA_SERVERS        folder of the server programs of the local provider
  AWS_…, AZURE_…       how a store in a bucket is reached, as the clouds' own tools read them
  NO_COLOR             any value: no colours

First steps:
  infra init                      start a stack in this folder
  infra validate                  check all environments
  infra plan local                show what would change
  infra apply local               change it
  infra output local              show addresses and URLs
  infra help plan                 explain a command"
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: GlobalArguments,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct GlobalArguments {
    /// The stack's folder; other names of files stay relative to where the command is run
    #[arg(
        short = 'C',
        long = "folder",
        global = true,
        value_name = "DIR",
        default_value = ".",
        hide_default_value = true,
        display_order = 1000
    )]
    pub(crate) folder: PathBuf,

    /// Write data as one JSON document to standard output; docs/reference/json.md has the formats
    #[arg(long, global = true, display_order = 1001)]
    pub(crate) json: bool,

    /// Write messages and progress to standard error as `text`, or as `json`: one object per line
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORMAT",
        hide_default_value = true,
        hide_possible_values = true,
        display_order = 1002
    )]
    pub(crate) log_format: LogFormat,

    /// No colours, like the environment variable NO_COLOR
    #[arg(long, global = true, display_order = 1003)]
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
    Env(commands::env::EnvArguments),
    Run(commands::program::ProgramArguments),
    Up(commands::up::UpArguments),
    Stop(commands::rest::StopArguments),
    Start(commands::rest::StartArguments),
    Export(commands::export::ExportArguments),
    Graph(commands::graph::GraphArguments),
    Parity(commands::parity::ParityArguments),
    Docs(commands::docs::DocsArguments),
    Permissions(commands::permissions::PermissionsArguments),
    State(commands::state::StateArguments),
    Audit(commands::audit::AuditArguments),
    Rollback(commands::rollback::RollbackArguments),
    Import(commands::import::ImportArguments),
    Rotate(commands::rotate::RotateArguments),
    Version(commands::version::VersionArguments),
    Completions(commands::completions::CompletionsArguments),
    #[command(hide = true)]
    Internal(commands::internal::InternalArguments),
}

impl Command {
    /// Returns the environment that was named, as it was typed.
    pub(crate) fn environment(&self) -> Option<&str> {
        let target = match self {
            Command::Apply(arguments) => return arguments.subject.environment(),
            Command::Show(arguments) => return arguments.subject.environment(),
            Command::Plan(arguments) => &arguments.target,
            Command::Destroy(arguments) => &arguments.target,
            Command::Refresh(arguments) => &arguments.target,
            Command::Output(arguments) => &arguments.target,
            Command::Env(arguments) => &arguments.target,
            Command::Run(arguments) => &arguments.target,
            Command::Up(arguments) => &arguments.target,
            Command::Stop(arguments) => &arguments.target,
            Command::Start(arguments) => &arguments.target,
            Command::Export(arguments) => arguments.target(),
            Command::Graph(arguments) => &arguments.target,
            Command::Docs(arguments) => &arguments.target,
            Command::Permissions(arguments) => &arguments.target,
            Command::State(arguments) => arguments.target(),
            Command::Audit(arguments) => arguments.target(),
            Command::Rollback(arguments) => &arguments.target,
            Command::Import(arguments) => &arguments.target,
            Command::Rotate(arguments) => &arguments.target,
            Command::Init(_)
            | Command::Validate(_)
            | Command::Fmt(_)
            | Command::Parity(_)
            | Command::Version(_)
            | Command::Completions(_)
            | Command::Internal(_) => return None,
        };
        Some(&target.environment)
    }
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

/// Names an environment or a saved plan, and gives the variables of the stack.
#[derive(Clone, Debug, Args)]
pub(crate) struct SubjectArguments {
    /// The environment, by name or alias, or the file of a saved plan
    #[arg(value_name = "ENVIRONMENT|FILE")]
    subject: String,

    /// Value of a variable; wins over INFRA_VAR_<name>
    #[arg(long = "var", value_name = "NAME=VALUE")]
    variables: Vec<String>,
}

impl SubjectArguments {
    /// Returns the file, if there is one of this name.
    pub(crate) fn file(&self) -> Option<&Path> {
        Some(Path::new(&self.subject)).filter(|path| path.is_file())
    }

    /// Returns the environment, if this is not a file nor meant to be one.
    pub(crate) fn environment(&self) -> Option<&str> {
        let is_file = self.file().is_some() || self.looks_like_file();
        (!is_file).then_some(self.subject.as_str())
    }

    /// Tells whether what was typed looks like the name of a file.
    pub(crate) fn looks_like_file(&self) -> bool {
        self.subject.contains(['/', '.'])
    }

    /// Returns the target whose environment has this name.
    pub(crate) fn target(&self, environment: &str) -> TargetArguments {
        TargetArguments {
            environment: environment.to_owned(),
            variables: self.variables.clone(),
        }
    }

    /// Returns what was typed.
    pub(crate) fn typed(&self) -> &str {
        &self.subject
    }
}

/// Chooses what a plan looks at.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct PlanningArguments {
    /// Only this component or resource, with what it needs or, where it is deleted, what needs it; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) target: Vec<String>,

    /// Everything but this component or resource, with what needs it or, where that is deleted, what it needs; may be
    /// repeated
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) exclude: Vec<String>,

    /// Replace this resource, or all of this component, even if nothing changed; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) replace: Vec<String>,

    /// Whether to ask the provider what exists; `--refresh=false` trusts the state
    #[arg(
        long,
        value_name = "BOOL",
        default_value_t = true,
        action = clap::ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub(crate) refresh: bool,
}

impl PlanningArguments {
    /// Returns the first option that chooses anything, by its name.
    pub(crate) fn first_given(&self) -> Option<&'static str> {
        let given = [
            ("--target", !self.target.is_empty()),
            ("--exclude", !self.exclude.is_empty()),
            ("--replace", !self.replace.is_empty()),
            ("--refresh", !self.refresh),
        ];
        given.iter().find(|(_, given)| *given).map(|(name, _)| *name)
    }
}

/// Waits for the lease.
#[derive(Clone, Debug, Args)]
pub(crate) struct WaitArguments {
    /// Wait so long for another run that has the environment [default: not at all]
    #[arg(long, value_name = "SECONDS", default_value_t = 0, hide_default_value = true, value_parser = seconds)]
    pub(crate) wait: u64,
}

fn seconds(text: &str) -> Result<u64, &'static str> {
    text.parse().map_err(|_| "expected a whole number of seconds")
}

/// Reads the number of a change.
pub(crate) fn change(text: &str) -> Result<Serial, &'static str> {
    let number = text.parse().map(Serial);
    number.map_err(|_| "expected the number of a change, as `infra state log ENVIRONMENT` lists them")
}
