//! `infra run`.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use clap::Args;
use infra_engine::configuration;
use infra_engine::settings::ResolvedConsumer;

use crate::arguments::{TargetArguments, WaitArguments};
use crate::commands::{Invocation, context, env};
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
    if consumer.is_none() && !declares_settings(arguments, invocation)? {
        let note = "The stack declares no settings, so the program is given none.\n";
        invocation.terminal.say(note);
        let error = command(&arguments.command, &[])?.exec();
        return Err(cannot_start(&arguments.command, &error));
    }
    let resolved = env::resolved(&arguments.target, &arguments.wait, consumer, invocation);
    let (opened, consumers) = resolved.await?;
    env::refuse_clashes(&consumers)?;
    // Whoever the program asks to change the environment must find its state free.
    drop(opened);
    let error = command(&arguments.command, &consumers)?.exec();
    Err(cannot_start(&arguments.command, &error))
}

fn declares_settings(arguments: &ProgramArguments, invocation: &Invocation<'_>) -> Result<bool, Failure> {
    let target = context::target(&arguments.target, invocation)?;
    let read = configuration::read(&target).map_err(context::failure)?;
    Ok(!read.stack.settings.is_empty())
}

/// Returns the program with its settings, not started yet.
pub(crate) fn command(words: &[OsString], consumers: &[ResolvedConsumer]) -> Result<Command, Failure> {
    let [program, arguments @ ..] = words else {
        return Err(Failure::new(FailureKind::Usage, "No program was named"));
    };
    let settings = consumers.iter().flat_map(|consumer| &consumer.settings);
    let mut command = Command::new(program);
    command
        .args(arguments)
        .envs(settings.map(|setting| (&setting.name, setting.text.expose())));
    Ok(command)
}

/// Returns the failure of a program that does not start.
pub(crate) fn cannot_start(words: &[OsString], error: &std::io::Error) -> Failure {
    let program = words.first().map(|program| program.display().to_string());
    let message = format!("The program `{}` cannot be started", program.unwrap_or_default());
    Failure::new(FailureKind::User, message).cause(error.to_string())
}
