//! One file per command: its arguments, whose comments are the help, and what it does.

use std::process::ExitCode;

use crate::arguments::{Arguments, Command, GlobalArguments};
use crate::failure::{Failure, FailureKind};
use crate::settings::Settings;
use crate::terminal::Terminal;

pub(crate) mod apply;
pub(crate) mod audit;
pub(crate) mod completions;
pub(crate) mod context;
pub(crate) mod destroy;
pub(crate) mod docs;
pub(crate) mod env;
pub(crate) mod export;
pub(crate) mod fmt;
pub(crate) mod graph;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod internal;
pub(crate) mod output;
pub(crate) mod parity;
pub(crate) mod permissions;
pub(crate) mod plan;
pub(crate) mod program;
pub(crate) mod refresh;
pub(crate) mod rest;
pub(crate) mod rollback;
pub(crate) mod rotate;
pub(crate) mod run;
pub(crate) mod show;
pub(crate) mod signals;
pub(crate) mod state;
pub(crate) mod supervise;
pub(crate) mod up;
pub(crate) mod validate;
pub(crate) mod version;

/// What every command is given.
#[derive(Clone, Debug)]
pub(crate) struct Invocation<'a> {
    pub(crate) global: GlobalArguments,
    pub(crate) settings: &'a Settings,
    pub(crate) terminal: &'a Terminal,
}

/// Runs the command that was typed.
pub(crate) fn run(
    arguments: Arguments,
    settings: &Settings,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    let invocation = Invocation {
        global: arguments.global,
        settings,
        terminal,
    };
    let environment = arguments.command.environment().map(str::to_owned);
    let ended = match arguments.command {
        Command::Init(arguments) => init::run(&arguments, &invocation),
        Command::Validate(arguments) => validate::run(&arguments, &invocation),
        Command::Fmt(arguments) => fmt::run(&arguments, &invocation),
        Command::Docs(arguments) => docs::run(&arguments, &invocation),
        Command::Permissions(arguments) => permissions::run(&arguments, &invocation),
        Command::Parity(arguments) => parity::run(&arguments, &invocation),
        Command::Version(arguments) => version::run(&arguments, &invocation),
        Command::Completions(arguments) => completions::run(&arguments, &invocation),
        Command::Export(arguments) => export::run(&arguments, &invocation),
        command => block_on(run_async(command, &invocation)),
    };
    ended.map_err(|failure| failure.localized(&invocation.global.folder, environment.as_deref()))
}

async fn run_async(command: Command, invocation: &Invocation<'_>) -> Result<ExitCode, Failure> {
    match command {
        Command::Plan(arguments) => plan::run(&arguments, invocation).await,
        Command::Apply(arguments) => apply::run(&arguments, invocation).await,
        Command::Destroy(arguments) => destroy::run(&arguments, invocation).await,
        Command::Refresh(arguments) => refresh::run(&arguments, invocation).await,
        Command::Show(arguments) => show::run(&arguments, invocation).await,
        Command::Output(arguments) => output::run(&arguments, invocation).await,
        Command::Env(arguments) => env::run(&arguments, invocation).await,
        Command::Run(arguments) => program::run(&arguments, invocation).await,
        Command::Up(arguments) => up::run(&arguments, invocation).await,
        Command::Stop(arguments) => rest::stop(&arguments, invocation).await,
        Command::Start(arguments) => rest::start(&arguments, invocation).await,
        Command::Graph(arguments) => graph::run(&arguments, invocation).await,
        Command::State(arguments) => state::run(&arguments, invocation).await,
        Command::Audit(arguments) => audit::run(&arguments, invocation).await,
        Command::Rollback(arguments) => rollback::run(&arguments, invocation).await,
        Command::Import(arguments) => import::run(&arguments, invocation).await,
        Command::Rotate(arguments) => rotate::run(&arguments, invocation).await,
        Command::Internal(arguments) => internal::run(&arguments, invocation).await,
        Command::Init(_)
        | Command::Validate(_)
        | Command::Fmt(_)
        | Command::Docs(_)
        | Command::Permissions(_)
        | Command::Parity(_)
        | Command::Version(_)
        | Command::Export(_)
        | Command::Completions(_) => Err(Failure::new(
            FailureKind::Bug,
            "A command without a runtime was given one",
        )),
    }
}

/// Commands that never wait start without a runtime, so that `infra version` costs nothing.
fn block_on<F: Future<Output = Result<ExitCode, Failure>>>(future: F) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime
        .map_err(|error| Failure::of(FailureKind::Environment, &error))?
        .block_on(future)
}
