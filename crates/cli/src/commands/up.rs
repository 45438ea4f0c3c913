//! `infra up`.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Args;
use infra_engine::opened::Absent;
use infra_engine::plan::options::Options;
use infra_engine::settings::{self, ResolvedConsumer};
use infra_engine::{configuration, ephemeral};
use infra_model::environment::DataPolicy;
use infra_model::stack::Stack;

use crate::arguments::{TargetArguments, WaitArguments};
use crate::commands::run::{Asks, Change, change};
use crate::commands::signals::Signals;
use crate::commands::supervise::{self, Program};
use crate::commands::{Invocation, context, env, program};
use crate::failure::{Failure, FailureKind};

/// Bring an environment up, and run a program in it
///
/// Applies, then starts the program with its settings as environment variables. Its exit code is passed on. Where data is
/// real, and wherever data would be destroyed, the plan is shown and you are asked first. With --ephemeral everything is destroyed when the program has ended, however it did, and also after Ctrl-C or when
/// the terminal is closed; what it left running is ended before. If this command itself is killed, the next run goes on
/// from what is there. An environment that is up for other reasons is refused; a second run in one that such a run has
/// made shares it, and the first to end destroys it. Standard output is the program's.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  infra up local                                 apply
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

    /// Do not ask
    #[arg(long, short)]
    yes: bool,

    /// The program and its arguments
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub(crate) async fn run(arguments: &UpArguments, invocation: &Invocation<'_>) -> Result<ExitCode, Failure> {
    if invocation.global.json {
        let failure = Failure::new(FailureKind::Usage, "`up` writes no document");
        return Err(failure.hint("For a document use: infra apply ENVIRONMENT --yes --json"));
    }
    let stack = read(arguments, invocation)?;
    if let Some(consumer) = &arguments.consumer {
        settings::choose(&stack.settings, Some(consumer)).map_err(context::failure)?;
    }
    if arguments.ephemeral {
        refuse_real_data(&stack)?;
        refuse_what_others_brought_up(arguments, invocation).await?;
    }
    let mut up = Up {
        arguments,
        invocation,
        signals: Signals::default(),
    };
    // Where nothing was begun, because another run is at work or the stack is wrong, what is there is not ours to destroy.
    let applied = up.apply().await?;
    let ended = match applied == ExitCode::SUCCESS && !arguments.command.is_empty() {
        true => up.run_program(&stack).await,
        false => Ok(applied),
    };
    match arguments.ephemeral {
        true => up.destroy(ended).await,
        false => ended,
    }
}

fn read(arguments: &UpArguments, invocation: &Invocation<'_>) -> Result<Stack, Failure> {
    let target = context::target(&arguments.target, invocation)?;
    Ok(configuration::read(&target).map_err(context::failure)?.stack)
}

/// Refuses to destroy by the way what cannot be had again.
fn refuse_real_data(stack: &Stack) -> Result<(), Failure> {
    let environment = &stack.environment;
    if environment.data != DataPolicy::Real {
        return Ok(());
    }
    let message = format!(
        "Environment `{}` holds real data, and --ephemeral would delete it",
        environment.name
    );
    Err(Failure::new(FailureKind::User, message).hint("Leave --ephemeral out, or name another environment"))
}

/// Refuses to destroy by the way what somebody brought up to keep.
async fn refuse_what_others_brought_up(
    arguments: &UpArguments,
    invocation: &Invocation<'_>,
) -> Result<(), Failure> {
    let opened = context::open(&arguments.target, &arguments.wait, Absent::Imagine, invocation);
    let (_backend, opened) = opened.await?;
    match ephemeral::is_ours(&opened).await.map_err(context::failure)? {
        true => Ok(()),
        false => {
            let name = &opened.stack.environment.name;
            let message = format!("Environment `{name}` is up already, and --ephemeral would destroy it");
            let failure = Failure::new(FailureKind::User, message);
            Err(failure
                .hint("Leave --ephemeral out, or destroy it first with: infra destroy ENVIRONMENT")
                .localized(&invocation.global.folder, Some(name)))
        }
    }
}

/// A run on its way.
struct Up<'a> {
    arguments: &'a UpArguments,
    invocation: &'a Invocation<'a>,
    signals: Signals,
}

impl Up<'_> {
    async fn apply(&self) -> Result<ExitCode, Failure> {
        // What an ephemeral environment holds goes in any case.
        let (command, asks) = match self.arguments.ephemeral {
            true => (ephemeral::COMMAND, Asks::Never),
            false => ("up", Asks::WhereItMatters),
        };
        change(self.change(command, asks, Options::default()), self.invocation).await
    }

    /// Runs the program, and returns its exit code.
    async fn run_program(&mut self, stack: &Stack) -> Result<ExitCode, Failure> {
        let settings = self.settings(stack).await?;
        env::refuse_clashes(&settings)?;
        if let Some(signal) = self.signals.came() {
            return Ok(supervise::ended_by(signal));
        }
        let command = &self.arguments.command;
        let program = Program::start(program::command(command, &settings)?);
        let mut program = program.map_err(|error| program::cannot_start(command, &error))?;
        let status = program.end(&mut self.signals).await;
        let status = status.map_err(|error| Failure::of(FailureKind::Environment, &error))?;
        if self.arguments.ephemeral && program.end_rest().await {
            self.invocation
                .terminal
                .say("Ended what the program left running.\n");
        }
        Ok(supervise::exit_code(status))
    }

    /// Returns what the program reads; it may need nothing.
    async fn settings(&self, stack: &Stack) -> Result<Vec<ResolvedConsumer>, Failure> {
        if stack.settings.is_empty() {
            return Ok(Vec::new());
        }
        let UpArguments {
            target,
            wait,
            consumer,
            ..
        } = self.arguments;
        let resolved = env::resolved(target, wait, consumer.as_deref(), self.invocation);
        Ok(resolved.await?.1)
    }

    /// Destroys the environment and returns how all of it ended: the program's end counts first, and what could not be
    /// destroyed is said in any case.
    async fn destroy(&mut self, ended: Result<ExitCode, Failure>) -> Result<ExitCode, Failure> {
        // They were meant for what has ended.
        self.signals.forget();
        let options = Options {
            destroy: true,
            ..Options::default()
        };
        let destroyed = self.change(ephemeral::COMMAND, Asks::Never, options);
        let destroyed = change(destroyed, self.invocation).await;
        let destroyed = destroyed.map_err(|failure| failure.hint(self.still_there()));
        match (ended, destroyed) {
            (ended, Ok(ExitCode::SUCCESS)) => ended,
            (Ok(ExitCode::SUCCESS), destroyed) => destroyed,
            (ended, Ok(_)) => {
                self.invocation.terminal.say(&format!("{}\n", self.still_there()));
                ended
            }
            (ended, Err(failure)) => {
                self.invocation.terminal.tell(&failure.text(), &failure.json());
                ended
            }
        }
    }

    fn still_there(&self) -> String {
        let words = format!("destroy {}", self.arguments.target.environment);
        let command = context::command(&words, self.invocation);
        format!("The environment is still there; remove it with: {command}")
    }

    fn change(&self, command: &'static str, asks: Asks, options: Options) -> Change<'_> {
        Change {
            command,
            target: &self.arguments.target,
            insists: options.destroy,
            options,
            wait: context::wait(&self.arguments.wait),
            yes: self.arguments.yes,
            asks,
            question: "Apply these changes?",
            signals: self.signals.clone(),
        }
    }
}
