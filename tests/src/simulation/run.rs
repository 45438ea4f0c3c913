//! One run of an engine, through the engine's own functions, from its start to its end or its death.

use std::sync::Arc;
use std::time::Duration;

use infra_apply::interrupt::Interrupt;
use infra_apply::outcome::{ApplyOutcome, Report, StepError, Stop};
use infra_engine::apply::{Applied, ApplyPlan};
use infra_engine::backend::Backend;
use infra_engine::error::EngineError;
use infra_engine::opened::Target;
use infra_engine::plan::options::Options;
use infra_engine::plan::{Intent, PlanRequest, Planned};
use infra_engine::{apply, plan, refresh};
use infra_model::diagnostic::Diagnostic;
use infra_provider::error::ErrorKind;

use super::edit::Ask;
use super::invariant::Invariant;
use super::life::{Fate, Life};
use super::text;
use super::wish::Wish;
use super::world::{self, ENVIRONMENT, World};

/// For how long an engine waits for the lease of another one.
const PATIENCE: Duration = Duration::from_secs(600);

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The engine died.
    Died,
    /// No plan was made, because it may not be.
    Refused(String),
    /// Nothing was done, or not everything.
    Failed(String),
    /// Somebody stopped it.
    Interrupted,
    /// All was done; there was nothing to do if so many steps are none.
    Done {
        /// How many steps and moves the plan had.
        changes: usize,
    },
}

/// Asks for a run.
#[derive(Clone, Debug)]
pub struct RunRequest<'a> {
    /// What the stack wants; it is in the folder already.
    pub wish: &'a Wish,
    /// What the engine is asked for.
    pub ask: &'a Ask,
    /// What becomes of the engine.
    pub fate: Fate,
    /// The user's wish to stop.
    pub interrupt: Interrupt,
}

/// A run that was made.
#[derive(Clone, Debug)]
pub struct Ran {
    /// How it ended.
    pub ending: Ending,
    /// The engine.
    pub life: Life,
}

/// Makes one run.
pub async fn run(world: &World, request: RunRequest<'_>) -> Ran {
    let life = Life::begin(&world.next_engine(), request.fate, &world.trace);
    life.say(format_args!("{:?}, {:?}", request.ask, request.fate));
    let backend = world.backend(&life);
    let ended = life.live(command(world, &backend, &request)).await;
    let ending = match ended {
        None => Ending::Died,
        Some(Ok(ending)) => ending,
        Some(Err(error)) => failed(world, &error),
    };
    life.say(format_args!("{ending:?}"));
    world.watch.count(|tally| {
        tally.runs += 1;
        tally.boundaries += life.crossed();
        tally.crashes += u64::from(ending == Ending::Died);
        tally.pauses += u64::from(life.was_paused());
        tally.interrupts += u64::from(ending == Ending::Interrupted);
    });
    Ran { ending, life }
}

async fn command(world: &World, backend: &Backend, request: &RunRequest<'_>) -> Result<Ending, EngineError> {
    let target = Target {
        folder: world.folder(),
        environment: ENVIRONMENT.to_owned(),
        variables: world::variables(request.wish),
    };
    let (intent, options) = options(request.ask);
    let planned = plan::plan(
        backend,
        &PlanRequest {
            target,
            intent,
            options,
            wait: PATIENCE,
        },
    )
    .await?;
    examine(world, &planned);
    let changes = planned.plan.steps.len() + planned.plan.moves.len();
    if *request.ask == Ask::Refresh {
        let drift = refresh::refresh(backend, &planned).await?;
        return Ok(Ending::Done { changes: drift.len() });
    }
    let asked = ApplyPlan {
        planned: &planned,
        command: "apply",
        wait: PATIENCE,
        interrupt: &request.interrupt,
    };
    let Applied { outcome, .. } = apply::apply(backend, asked).await?;
    examine_outcome(world, &outcome);
    Ok(ending(&outcome, changes))
}

fn options(ask: &Ask) -> (Intent, Options) {
    let mut options = Options {
        refresh: true,
        ..Options::default()
    };
    match ask {
        Ask::Apply | Ask::Refresh => {}
        Ask::Target(name) => options.targets.push(name.clone()),
        Ask::Exclude(name) => options.excludes.push(name.clone()),
        Ask::Replace(name) => options.replace.push(name.clone()),
        Ask::Rotate(name) => options.rotate.push(name.clone()),
        Ask::Destroy => options.destroy = true,
    }
    let intent = match ask {
        Ask::Refresh => Intent::Refresh,
        _ => Intent::Apply,
    };
    (intent, options)
}

/// Looks at a plan: whether it holds together and keeps its secrets.
fn examine(world: &World, planned: &Planned) {
    let provider: &Arc<dyn infra_provider::provider::Provider> = &planned.provider;
    let schemas = provider.kinds().schemas();
    for fault in infra_plan::check::check(&planned.plan, &planned.snapshot, schemas) {
        world.watch.found(Invariant::PlanHoldsTogether, fault.to_string());
    }
    match planned.plan.to_bytes() {
        Ok(bytes) => world
            .watch
            .stored("a plan", || String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) => world
            .watch
            .found(Invariant::SecretsSealed, text::of_error(&error)),
    }
}

fn examine_outcome(world: &World, outcome: &ApplyOutcome) {
    let report = outcome.report();
    world.watch.stored("an outcome", || format!("{outcome:?}"));
    world.watch.count(|tally| tally.steps += report.done.len() as u64);
    if let Some(defect) = defect(report) {
        world.watch.found(Invariant::NoDefect, defect);
    }
}

/// Returns what can only be a mistake of ours.
fn defect(report: &Report) -> Option<String> {
    if let Some(Stop::Malformed(_) | Stop::NoState | Stop::OtherState { .. } | Stop::Record { .. }) =
        &report.stopped
    {
        return Some(format!("{:?}", report.stopped));
    }
    let failed = report.failed.iter().find(|failed| match &failed.error {
        StepError::Inputs(_) | StepError::NoRecord | StepError::Record(_) => true,
        StepError::Provider(error) => matches!(error.kind, ErrorKind::Bug | ErrorKind::Invalid),
        _ => false,
    });
    failed.map(|failed| format!("{failed:?}"))
}

fn ending(outcome: &ApplyOutcome, changes: usize) -> Ending {
    match outcome {
        ApplyOutcome::Completed(_) => Ending::Done { changes },
        ApplyOutcome::Interrupted(_) => Ending::Interrupted,
        ApplyOutcome::Failed(report) => Ending::Failed(summary(report)),
    }
}

fn summary(report: &Report) -> String {
    let failed = report.failed.iter().map(|failed| {
        let causes = std::iter::successors(Some(&failed.error as &dyn std::error::Error), |error| {
            error.source()
        });
        let causes: Vec<String> = causes.map(ToString::to_string).collect();
        format!("{} {}: {}", failed.action, failed.key, causes.join(": "))
    });
    let stopped = report.stopped.iter().map(ToString::to_string);
    failed.chain(stopped).collect::<Vec<_>>().join("; ")
}

fn failed(world: &World, error: &EngineError) -> Ending {
    let text = text::of_error(error);
    world
        .watch
        .stored("an error", || format!("{text}{:?}", error.hint()));
    match error {
        EngineError::Defect { message } => {
            world.watch.found(Invariant::NoDefect, message.clone());
            Ending::Failed(text)
        }
        EngineError::Configuration { diagnostics, .. } | EngineError::Lowering { diagnostics, .. } => {
            // Every stack that is written here is one that may be written.
            world
                .watch
                .found(Invariant::NoDefect, format!("{:?}", errors(diagnostics)));
            Ending::Failed(text)
        }
        EngineError::Plan(_) => Ending::Refused(error.to_string()),
        _ => Ending::Failed(text),
    }
}

fn errors(diagnostics: &[Diagnostic]) -> Vec<&Diagnostic> {
    diagnostics.iter().filter(|one| one.is_error()).collect()
}
