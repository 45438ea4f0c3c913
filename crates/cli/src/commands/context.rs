//! What most commands share: the backend, the target, planning options, and errors of the engine as failures.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use infra_engine::backend::{Backend, SystemEntropy};
use infra_engine::configuration::{Given, Origin, Variables};
use infra_engine::error::{Actor, EngineError};
use infra_engine::opened::{self, Absent, Opened, Target};
use infra_engine::plan::options::Options;
use infra_model::clock::SystemClock;
use infra_model::diagnostic::{Diagnostic, SourceMap};
use infra_model::event::Observer;
use infra_model::sealing::Secret;

use crate::arguments::{PlanningArguments, SubjectArguments, TargetArguments, WaitArguments};
use crate::backends::{keys::Keys, providers::Providers, stores::Stores};
use crate::commands::Invocation;
use crate::failure::{Failure, FailureKind};
use crate::render::{self, progress};

/// Returns the concrete parts that the user's settings choose.
pub(crate) fn backend(invocation: &Invocation<'_>, observer: Arc<dyn Observer>) -> Result<Backend, Failure> {
    let folder = invocation.settings.stack_folder(&invocation.global.folder)?;
    let who = format!("{}, process {}", invocation.settings.who, std::process::id());
    Ok(Backend {
        providers: Arc::new(Providers::new(invocation.settings)),
        stores: Arc::new(Stores::new(folder, invocation.settings, who.clone())),
        keys: Arc::new(Keys::new(invocation.settings)?),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        policy: Default::default(),
        observer,
        who,
    })
}

/// Returns the environment that was named.
pub(crate) fn target(arguments: &TargetArguments, invocation: &Invocation<'_>) -> Result<Target, Failure> {
    Ok(Target {
        folder: invocation.settings.stack_folder(&invocation.global.folder)?,
        environment: arguments.environment.clone(),
        variables: variables(&arguments.variables, invocation)?,
    })
}

/// Returns the values of variables: those of the environment, then those typed.
pub(crate) fn variables(typed: &[String], invocation: &Invocation<'_>) -> Result<Variables, Failure> {
    let outside = |text: &Secret| Given {
        text: text.clone(),
        origin: Origin::Environment,
    };
    let mut variables: Variables = invocation
        .settings
        .variables
        .iter()
        .map(|(name, text)| (name.clone(), outside(text)))
        .collect();
    for one in typed {
        let Some((name, value)) = one.split_once('=') else {
            // The text may be a secret typed without its name, so it is not repeated.
            let message = "A variable is given as NAME=VALUE";
            return Err(Failure::new(FailureKind::Usage, message).hint("For example: --var replicas=2"));
        };
        variables.insert(
            name.to_owned(),
            Given {
                text: Secret::new(value),
                origin: Origin::Argument,
            },
        );
    }
    Ok(variables)
}

/// Returns the options of a plan.
pub(crate) fn options(arguments: &PlanningArguments) -> Options {
    Options {
        targets: arguments.target.clone(),
        excludes: arguments.exclude.clone(),
        replace: arguments.replace.clone(),
        refresh: arguments.refresh,
        ..Options::default()
    }
}

/// Returns how long to wait for somebody else's lease.
pub(crate) fn wait(arguments: &WaitArguments) -> Duration {
    Duration::from_secs(arguments.wait)
}

/// Opens an environment to look at its state; one that was never applied is refused.
pub(crate) async fn recorded(
    target: &TargetArguments,
    wait: &WaitArguments,
    invocation: &Invocation<'_>,
) -> Result<(Backend, Opened), Failure> {
    open(target, wait, Absent::Refuse, invocation).await
}

/// Opens an environment.
pub(crate) async fn open(
    target: &TargetArguments,
    wait: &WaitArguments,
    absent: Absent,
    invocation: &Invocation<'_>,
) -> Result<(Backend, Opened), Failure> {
    let backend = backend(invocation, progress::observer(invocation.terminal))?;
    let target = self::target(target, invocation)?;
    let opened = opened::open(&backend, &target, absent, self::wait(wait)).await;
    Ok((backend, opened.map_err(failure)?))
}

/// Refuses a name that looks like a file's and is neither that nor, as its form shows, an environment's.
pub(crate) fn not_a_missing_file(subject: &SubjectArguments) -> Result<(), Failure> {
    if !subject.looks_like_file() {
        return Ok(());
    }
    let message = format!("There is no plan file `{}`", subject.typed());
    let failure = Failure::new(FailureKind::User, message);
    Err(failure.hint("Save one with: infra plan ENVIRONMENT --out FILE"))
}

/// Returns an engine's error as a failure with its causes, hints and diagnostics.
pub(crate) fn failure(error: EngineError) -> Failure {
    let kind = match error.actor() {
        Actor::User => FailureKind::User,
        Actor::Environment => FailureKind::Environment,
        Actor::Nobody => FailureKind::Busy,
        Actor::Bug => FailureKind::Bug,
    };
    let mut failure = Failure::of(kind, &error);
    failure.hints.extend(error.hint());
    match error {
        EngineError::Configuration { diagnostics, sources }
        | EngineError::Lowering {
            diagnostics, sources, ..
        } => mistakes(failure, diagnostics, *sources),
        _ => failure,
    }
}

/// Returns a failure with the mistakes of a stack. One that has no place, such as a wrong name of an environment, is
/// the message itself.
fn mistakes(mut failure: Failure, mut diagnostics: Vec<Diagnostic>, sources: SourceMap) -> Failure {
    if let [Diagnostic { span: None, .. }] = diagnostics.as_slice()
        && let Some(only) = diagnostics.pop()
    {
        failure.message = only.detail;
        failure.hints.extend(only.hint);
    }
    failure.diagnostics = diagnostics;
    failure.sources = sources;
    failure
}

/// Writes data, with a failure of the terminal as a failure of the command.
pub(crate) fn print(invocation: &Invocation<'_>, text: &str) -> Result<(), Failure> {
    invocation
        .terminal
        .data(text)
        .map_err(|error| Failure::of(FailureKind::Environment, &error))
}

/// Writes data as it is, to the byte.
pub(crate) fn print_raw(invocation: &Invocation<'_>, text: &str) -> Result<(), Failure> {
    invocation
        .terminal
        .raw(text)
        .map_err(|error| Failure::of(FailureKind::Environment, &error))
}

/// Tells the warnings of a stack.
pub(crate) fn warn(warnings: &[Diagnostic], sources: &SourceMap, invocation: &Invocation<'_>) {
    for warning in warnings {
        let text = render::diagnostic::render_all(std::slice::from_ref(warning), sources);
        let mut document = render::json::diagnostic(warning, sources);
        document["format"] = "infra.diagnostic/1".into();
        invocation.terminal.tell(&text, &document);
    }
}

/// Returns a command of ours as the user would type it here.
pub(crate) fn command(words: &str, invocation: &Invocation<'_>) -> String {
    let folder = &invocation.global.folder;
    if folder == Path::new(".") {
        format!("infra {words}")
    } else {
        format!("infra -C {} {words}", folder.display())
    }
}

/// Writes a document as JSON.
pub(crate) fn print_json(
    invocation: &Invocation<'_>,
    document: &impl serde::Serialize,
) -> Result<(), Failure> {
    let text =
        serde_json::to_string_pretty(document).map_err(|error| Failure::of(FailureKind::Bug, &error))?;
    print(invocation, &(text + "\n"))
}
