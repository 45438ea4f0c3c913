//! What most commands share: the backend, the target, planning options, and errors of the engine as failures.

use std::sync::Arc;
use std::time::Duration;

use infra_engine::backend::Backend;
use infra_engine::configuration::{Given, Origin, Variables};
use infra_engine::error::{Actor, EngineError};
use infra_engine::opened::Target;
use infra_engine::plan::Options;
use infra_model::clock::SystemClock;
use infra_model::event::Observer;
use infra_model::sealing::Secret;

use crate::arguments::{PlanningArguments, TargetArguments};
use crate::backends::{keys::Keys, providers::Providers, stores::Stores};
use crate::commands::Invocation;
use crate::failure::{Failure, FailureKind};

/// Returns the concrete parts that the user's settings choose.
pub(crate) fn backend(invocation: &Invocation<'_>, observer: Arc<dyn Observer>) -> Result<Backend, Failure> {
    let folder = invocation.settings.stack_folder(&invocation.global.folder)?;
    let who = format!("{}, process {}", invocation.settings.who, std::process::id());
    Ok(Backend {
        providers: Arc::new(Providers::new(invocation.settings)),
        stores: Arc::new(Stores::new(folder, Arc::new(SystemClock), who.clone())),
        keys: Arc::new(Keys::new(invocation.settings)),
        clock: Arc::new(SystemClock),
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
pub(crate) fn wait(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Returns an engine's error as a failure with its causes, hints and diagnostics.
pub(crate) fn failure(error: EngineError) -> Failure {
    let kind = match error.actor() {
        Actor::User => FailureKind::User,
        Actor::Environment => FailureKind::Environment,
        Actor::Bug => FailureKind::Bug,
    };
    let mut failure = Failure::of(kind, &error);
    failure.hints.extend(error.hint());
    if let EngineError::Configuration { diagnostics, sources } = error {
        failure.diagnostics = diagnostics;
        failure.sources = *sources;
    }
    failure
}

/// Writes data, with a failure of the terminal as a failure of the command.
pub(crate) fn print(invocation: &Invocation<'_>, text: &str) -> Result<(), Failure> {
    invocation
        .terminal
        .data(text)
        .map_err(|error| Failure::of(FailureKind::Environment, &error))
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
