//! `infra run`.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use clap::Args;

use crate::arguments::{TargetArguments, WaitArguments};
use crate::commands::{Invocation, env};
use crate::failure::{Failure, FailureKind};

/// Start a program with its settings as environment variables
///
/// The program takes this one's place: its exit code, its terminal and its signals are its own. Nothing is written to
/// any file.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  infra run local -- npm run dev
  infra run local --consumer api -- python -m api")]
pub(crate) struct ProgramArguments {
    #[command(flatten)]
    pub(crate) target: TargetArguments,

    /// The consumer; all of them if none is named
    #[arg(long, value_name = "NAME")]
    consumer: Option<String>,

    #[command(flatten)]
    wait: WaitArguments,

    /// The program and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub(crate) async fn run(
    arguments: &ProgramArguments,
    invocation: &Invocation<'_>,
) -> Result<ExitCode, Failure> {
    let consumer = arguments.consumer.as_deref();
    let resolved = env::resolved(&arguments.target, &arguments.wait, consumer, invocation);
    let (opened, consumers) = resolved.await?;
    env::refuse_clashes(&consumers)?;
    // Whoever the program asks to change the environment must find its state free.
    drop(opened);
    let [program, rest @ ..] = &*arguments.command else {
        return Err(Failure::new(FailureKind::Usage, "No program was named"));
    };
    let settings = consumers.iter().flat_map(|consumer| &consumer.settings);
    let error = Command::new(program)
        .args(rest)
        .envs(settings.map(|setting| (&setting.name, setting.text.expose())))
        .exec();
    let message = format!("The program `{}` cannot be started", program.display());
    Err(Failure::new(FailureKind::User, message).cause(error.to_string()))
}
