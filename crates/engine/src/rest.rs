//! Stopping an environment and starting it again, with all its data and its state, and without looking at what the stack
//! wants now.

use std::time::Duration;

use infra_apply::apply::Rewritten;
use infra_apply::interrupt::Interrupt;
use infra_apply::lease::{self, Holding};
use infra_apply::outcome::{ApplyOutcome, Report, Stop};
use infra_apply::rest as stage;
use infra_model::event::Event;
use infra_model::journal::{Commit, RecordChange};
use infra_model::plan::PlanNotice;
use infra_model::record::Record;
use infra_model::sealing::seal_value;
use infra_model::value::Attributes;
use infra_provider::error::ProviderError;
use infra_provider::provider::Provider;
use infra_provider::rest::{Rest, Resting};

use crate::apply::{hold_request, operation, policy, released, world};
use crate::backend::Backend;
use crate::error::EngineError;
use crate::opened::{self, Absent, Opened, Target};
use crate::plan::Planned;
use crate::{configuration, recovery};

// Whoever asks reads the report, without knowing the stage itself.
pub use infra_apply::rest::{Direction, RestReport};

/// Asks for an environment to be stopped or started.
#[derive(Clone, Debug)]
pub struct RestRequest<'a> {
    /// The environment.
    pub target: &'a Target,
    /// Which way.
    pub direction: Direction,
    /// How long to wait for somebody else's lease.
    pub wait: Duration,
    /// The user's wish to end the run.
    pub interrupt: &'a Interrupt,
}

/// What came of it.
#[derive(Debug)]
pub struct Rested {
    /// The environment.
    pub environment: String,
    /// What was done and what was not.
    pub report: RestReport,
    /// How long it took.
    pub took: Duration,
}

/// Stops or starts everything that an environment has running, under its lease. What runs already, or does not run any
/// more, is success, so that a run which was killed is finished by the next.
///
/// # Errors
///
/// When the environment was never applied, is not ours to stop, or the lease cannot be had; then nothing was done.
pub async fn rest(backend: &Backend, request: &RestRequest<'_>) -> Result<Rested, EngineError> {
    let read = configuration::read(request.target)?;
    let chosen = read.stack.environment.provider.name.clone();
    let environment = read.stack.environment.name.clone();
    if !backend.providers.knows(&chosen) || !backend.providers.rests(&chosen) {
        return Err(not_ours(&environment, &chosen));
    }
    let mut opened = opened::attach(backend, request.target, read, Absent::Refuse, request.wait).await?;
    let provider = opened.connect(backend).await?;
    let mark = provider.rest().ok_or_else(|| not_ours(&environment, &chosen))?;
    recovery::resolve(backend, &mut opened, &*provider, request.wait).await?;
    if opened.state.records.is_empty() {
        // A mark would say of what is brought up next that it was stopped.
        let message = format!("Environment `{environment}` has nothing that could be stopped or started");
        let hint = format!("Bring it up with: infra apply {environment}");
        return Err(EngineError::request(message, hint));
    }
    let started = backend.clock.now();
    let hold = hold_request(backend, &opened, request.wait, request.interrupt);
    let held = lease::hold(hold, async |holding| {
        let run = Run {
            backend,
            opened: &opened,
            provider: &*provider,
            holding,
            interrupt: request.interrupt,
        };
        match request.direction {
            Direction::Stop => stop(&run, mark).await,
            Direction::Start => start(&run, mark).await.map(|(report, _)| report),
        }
    });
    let report = released(held.await, &opened)??;
    Ok(Rested {
        environment,
        report,
        took: backend.clock.now().since(started),
    })
}

/// What a run under the lease works with.
struct Run<'a> {
    backend: &'a Backend,
    opened: &'a Opened,
    provider: &'a dyn Provider,
    holding: &'a Holding,
    interrupt: &'a Interrupt,
}

impl Run<'_> {
    fn failed(&self, source: ProviderError) -> EngineError {
        EngineError::Provider {
            provider: self.provider.name().to_owned(),
            source: Box::new(source),
        }
    }

    /// Goes through what is recorded now: somebody may have changed it while we waited for the lease.
    async fn all(&self, direction: Direction) -> Result<RestReport, EngineError> {
        let state = self.opened.store.load().await;
        let state = state.map_err(|source| self.opened.in_store(source))?;
        let policy = policy(self.backend)?;
        let request = stage::RestRequest {
            world: world(self.backend, self.opened, self.provider, &policy),
            holding: self.holding,
            records: &state.map(|state| state.records).unwrap_or_default(),
            direction,
            interrupt: self.interrupt,
        };
        stage::rest(request).await.map_err(EngineError::defect)
    }
}

async fn stop(run: &Run<'_>, mark: &dyn Rest) -> Result<RestReport, EngineError> {
    if mark.resting().map_err(|error| run.failed(error))?.is_none() {
        let resting = Resting {
            since: run.backend.clock.now(),
            by: run.backend.who.clone(),
        };
        mark.set(Some(&resting)).map_err(|error| run.failed(error))?;
    }
    run.all(Direction::Stop).await
}

async fn start(run: &Run<'_>, mark: &dyn Rest) -> Result<(RestReport, Rewritten), EngineError> {
    let report = run.all(Direction::Start).await?;
    let rewritten = take_in(run, &report).await?;
    if report.is_complete() {
        mark.set(None).map_err(|error| run.failed(error))?;
    }
    Ok((report, rewritten))
}

/// Records outputs that are others than before, and returns whose: who holds a network's namespaces is a process of its own.
async fn take_in(run: &Run<'_>, report: &RestReport) -> Result<Rewritten, EngineError> {
    if report.outputs.is_empty() {
        return Ok(Rewritten::new());
    }
    let in_store = |source| run.opened.in_store(source);
    let Some(state) = run.opened.store.load().await.map_err(in_store)? else {
        return Ok(Rewritten::new());
    };
    let (mut changes, mut before) = (Vec::new(), Vec::new());
    for (key, outputs) in &report.outputs {
        let Some(entry) = state.records.get(key) else {
            continue;
        };
        let record = entry.record().map_err(EngineError::defect)?;
        let outputs = outputs.iter();
        let sealed = outputs.map(|(name, value)| (name.clone(), seal_value(value.clone(), &*run.opened.key)));
        let outputs: Attributes = sealed.collect();
        if record.outputs != outputs {
            let record = Record {
                outputs,
                ..Record::clone(record)
            };
            changes.push(RecordChange::Put(Box::new(record)));
            before.push((key.clone(), entry.serial));
        }
    }
    if changes.is_empty() {
        return Ok(Rewritten::new());
    }
    let epoch = run.holding.epoch();
    let commit = Commit {
        changes,
        operation: operation(run.backend, epoch, "start", None),
        at: run.backend.clock.now(),
        ..Commit::default()
    };
    let after = run.opened.store.commit(epoch, &commit).await.map_err(in_store)?;
    let rewritten = before.into_iter().map(|(key, before)| (key, (before, after)));
    Ok(rewritten.collect())
}

fn not_ours(environment: &str, provider: &str) -> EngineError {
    EngineError::request(
        format!(
            "Environment `{environment}` is on `{provider}`, where nothing is stopped or started by infra"
        ),
        "Only environments of the provider `local` are",
    )
}

/// Returns since when an environment rests, if it was stopped on purpose.
///
/// # Errors
///
/// When that cannot be read.
pub(crate) fn resting(provider: &dyn Provider) -> Result<Option<Resting>, EngineError> {
    let found = provider.rest().map(Rest::resting).transpose();
    found
        .map(Option::flatten)
        .map_err(|source| EngineError::Provider {
            provider: provider.name().to_owned(),
            source: Box::new(source),
        })
}

/// Returns what to know of a plan for an environment that rests.
pub(crate) fn notice(environment: &str, resting: &Resting) -> PlanNotice {
    PlanNotice {
        summary: "Stopped on purpose".to_owned(),
        detail: format!(
            "`{}` stopped environment `{environment}` at {}. Nothing runs that could be asked, so its records are taken \
             for what exists; an apply starts it first",
            resting.by, resting.since
        ),
        hint: Some(format!("Start it with: infra start {environment}")),
    }
}

/// Refuses to take what does not run on purpose for what the stack shall be compared with.
pub(crate) fn refuse_refresh(environment: &str, resting: &Resting) -> EngineError {
    EngineError::request(
        format!(
            "Environment `{environment}` was stopped by `{}` at {}: there is nothing to look at",
            resting.by, resting.since
        ),
        format!("Start it with: infra start {environment}"),
    )
}

/// What came of the start before an apply.
#[derive(Debug)]
pub(crate) enum Woken {
    /// The plan may be applied, though these records were written since.
    Runs(Rewritten),
    /// The run ends before its first step: somebody wished it, or the lease was lost.
    Ended(ApplyOutcome),
}

/// Starts an environment that rests before a plan is applied to it. What is to be destroyed is started too, because what
/// lives in a server is deleted there; but what does not start does not stand in the way of its end.
///
/// # Errors
///
/// When not all of it runs afterwards and it is to live on.
pub(crate) async fn wake(
    backend: &Backend,
    planned: &Planned,
    holding: &Holding,
    interrupt: &Interrupt,
) -> Result<Woken, EngineError> {
    let Some(Resting { since, by }) = resting(&*planned.provider)? else {
        return Ok(Woken::Runs(Rewritten::new()));
    };
    backend.observer.on_event(&Event::Waking { since, by });
    let run = Run {
        backend,
        opened: &planned.opened,
        provider: &*planned.provider,
        holding,
        interrupt,
    };
    let Some(mark) = planned.provider.rest() else {
        return Ok(Woken::Runs(Rewritten::new()));
    };
    let (mut report, rewritten) = start(&run, mark).await?;
    if report.is_complete() {
        return Ok(Woken::Runs(rewritten));
    }
    if let Some(outcome) = ended(planned, &mut report, interrupt) {
        return Ok(Woken::Ended(outcome));
    }
    if planned.plan.header.destroy {
        mark.set(None).map_err(|error| run.failed(error))?;
        return Ok(Woken::Runs(rewritten));
    }
    let environment = planned.opened.stack.environment.name.clone();
    match report.failed.pop() {
        Some((key, source)) => Err(EngineError::NotStarted {
            environment,
            key: Box::new(key),
            source: Box::new(source),
        }),
        None => Err(EngineError::request(
            format!("Environment `{environment}` was not started as a whole, so nothing was applied"),
            format!("Start it with: infra start {environment}"),
        )),
    }
}

/// Returns how a run ended that was not to go on, or must not.
fn ended(planned: &Planned, report: &mut RestReport, interrupt: &Interrupt) -> Option<ApplyOutcome> {
    let lost = report.lost.take();
    let is_lost = lost.is_some();
    let told = Report {
        not_begun: planned.plan.steps.iter().map(|step| step.id).collect(),
        stopped: lost.map(Stop::from),
        ..Report::default()
    };
    match (is_lost, interrupt.is_raised()) {
        (true, _) => Some(ApplyOutcome::Failed(told)),
        (false, true) => Some(ApplyOutcome::Interrupted(told)),
        (false, false) => None,
    }
}
