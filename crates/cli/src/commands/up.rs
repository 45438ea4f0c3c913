//! `infra up`.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ExitCode, ExitStatus};

use clap::Args;
use infra_engine::configuration;
use infra_engine::plan::options::Options;
use infra_model::environment::DataPolicy;
use tokio::signal::unix::{SignalKind, signal};

use crate::arguments::{TargetArguments, WaitArguments};
use crate::commands::run::{Change, change};
use crate::commands::{Invocation, context, env, program};
use crate::failure::{Failure, FailureKind};

/// Bring an environment up, and run a program in it
///
/// Applies without asking, then starts the program with its settings as environment variables. Its exit code is passed
/// on. With --ephemeral everything is destroyed when the program has ended, however it did, and also after Ctrl-C; if
/// this command itself is killed, the next run goes on from what is there. Standard output is the program's.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  infra up local                                 apply, without a question
  infra up local -- npm run dev                  and start a program in it
  infra up ci --ephemeral -- pytest              an environment for one run of the tests")]
pub(crate) struct UpArguments {
    #[command(flatten)]
    pub(crate) target: TargetArguments,

    /// Destroy the environment when the program has ended; refused where data is real
    #[arg(long, requires = "command")]
    ephemeral: bool,

    /// The consumer whose settings the program is given; all of them if none is named
    #[arg(long, value_name = "NAME", requires = "command")]
    consumer: Option<String>,

    #[command(flatten)]
    wait: WaitArguments,

    /// The program and its arguments
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub(crate) async fn run(arguments: &UpArguments, invocation: &Invocation<'_>) -> Result<ExitCode, Failure> {
    if invocation.global.json {
        let failure = Failure::new(FailureKind::Usage, "`up` writes no document");
        return Err(failure.hint("For a document use: infra apply ENVIRONMENT --yes --json"));
    }
    if arguments.ephemeral {
        refuse_real_data(arguments, invocation)?;
    }
    // Where nothing was begun, because another run is at work or the stack is wrong, what is there is not ours to destroy.
    let applied = change(silent("apply", Options::default(), arguments), invocation).await?;
    let ended = match applied == ExitCode::SUCCESS && !arguments.command.is_empty() {
        true => start(arguments, invocation).await,
        false => Ok(applied),
    };
    if !arguments.ephemeral {
        return ended;
    }
    let options = Options {
        destroy: true,
        ..Options::default()
    };
    let destroyed = change(silent("destroy", options, arguments), invocation).await;
    match (ended, destroyed) {
        (Ok(code), Ok(ExitCode::SUCCESS)) => Ok(code),
        (Ok(ExitCode::SUCCESS), destroyed) => destroyed,
        (Ok(code), _) => Ok(code),
        // Why the program did not start says more than what could not be destroyed.
        (Err(failure), _) => Err(failure),
    }
}

/// Refuses to destroy by the way what cannot be had again.
fn refuse_real_data(arguments: &UpArguments, invocation: &Invocation<'_>) -> Result<(), Failure> {
    let target = context::target(&arguments.target, invocation)?;
    let read = configuration::read(&target).map_err(context::failure)?;
    let environment = &read.stack.environment;
    if environment.data != DataPolicy::Real {
        return Ok(());
    }
    let message = format!(
        "Environment `{}` holds real data, and --ephemeral would delete it",
        environment.name
    );
    Err(Failure::new(FailureKind::User, message).hint("Leave --ephemeral out, or name another environment"))
}

fn silent<'a>(command: &'static str, options: Options, arguments: &'a UpArguments) -> Change<'a> {
    Change {
        command,
        target: &arguments.target,
        options,
        wait: context::wait(&arguments.wait),
        yes: true,
        shows_plan: false,
        question: "",
    }
}

/// Runs the program, and returns its exit code.
async fn start(arguments: &UpArguments, invocation: &Invocation<'_>) -> Result<ExitCode, Failure> {
    let consumer = arguments.consumer.as_deref();
    let settings = match has_settings(arguments, invocation)? || consumer.is_some() {
        true => {
            env::resolved(&arguments.target, &arguments.wait, consumer, invocation)
                .await?
                .1
        }
        false => Vec::new(),
    };
    env::refuse_clashes(&settings)?;
    let child = program::command(&arguments.command, &settings)?.spawn();
    let child = child.map_err(|error| program::cannot_start(&arguments.command, &error))?;
    let status = watch(child).await?;
    let code = status.code().or(status.signal().map(|signal| 128 + signal));
    Ok(ExitCode::from(
        code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1),
    ))
}

/// Tells whether the stack declares settings; a program may need none.
fn has_settings(arguments: &UpArguments, invocation: &Invocation<'_>) -> Result<bool, Failure> {
    let target = context::target(&arguments.target, invocation)?;
    let read = configuration::read(&target).map_err(context::failure)?;
    Ok(!read.stack.settings.is_empty())
}

/// Waits for the program. A Ctrl-C at the terminal reaches it without us, a termination is passed on; neither ends this
/// command, which may have an environment to destroy.
async fn watch(mut child: Child) -> Result<ExitStatus, Failure> {
    let failed = |error: std::io::Error| Failure::of(FailureKind::Environment, &error);
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let pid = i32::try_from(child.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    let mut ended = tokio::task::spawn_blocking(move || child.wait());
    loop {
        tokio::select! {
            status = &mut ended => {
                let status = status.map_err(|error| Failure::of(FailureKind::Bug, &error))?;
                return status.map_err(failed);
            }
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {
                if let Some(pid) = pid {
                    // One that has ended just now needs no signal.
                    let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
                }
            }
        }
    }
}
