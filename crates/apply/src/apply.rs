//! The walk over an approved plan.
//!
//! Every step is: intent durable, call, outcome durable, dependents released. A running call is never dropped: an
//! interrupt, a failure or a lost lease only keeps new steps from beginning.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use infra_model::approval::ApprovedPlan;
use infra_model::event::Event;
use infra_model::journal::Operation;
use infra_model::plan::{Plan, Step, StepId};
use infra_model::record::{RecordKey, Serial};
use tokio::time::Instant;

use crate::concurrency::group_of;
use crate::interrupt::Interrupt;
use crate::lease::Holding;
use crate::outcome::{ApplyOutcome, How, Left, Report, StepDone, StepError, StepFailed, StepSkipped, Stop};
use crate::ready_queue::{QueuedStep, ReadyQueue};
use crate::run::Run;
use crate::world::World;

mod begin;
mod create;
mod delete;
mod step;
mod update;

/// Records and the serials that they had before and after they were written.
///
/// A plan from before holds for them, as nobody else wrote in between.
pub type Rewritten = BTreeMap<RecordKey, (Serial, Serial)>;

/// Asks for a plan to be applied.
#[derive(Clone, Copy)]
pub struct ApplyRequest<'a> {
    /// What the run works with.
    pub world: World<'a>,
    /// The lease under which everything is written.
    pub holding: &'a Holding,
    /// The plan.
    pub plan: &'a ApprovedPlan,
    /// What this run wrote under the lease before the walk, as a start of what rested does, changing no inputs.
    pub rewritten: &'a Rewritten,
    /// On whose behalf.
    pub operation: &'a Operation,
    /// Ends the run early.
    pub interrupt: &'a Interrupt,
}

impl fmt::Debug for ApplyRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApplyRequest")
            .field("plan", &self.plan.digest())
            .finish_non_exhaustive()
    }
}

/// How one step ended.
#[derive(Debug)]
struct StepEnd {
    step: StepId,
    result: Result<How, Failure>,
    took: Duration,
}

/// Why a step failed and what it left.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: StepError,
    pub(crate) left: Left,
}

impl<E: Into<StepError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure {
            error: error.into(),
            left: Left::Nothing,
        }
    }
}

/// Does the steps of a plan, and no other. Whatever happens is in the outcome; nothing is thrown.
pub async fn apply(request: ApplyRequest<'_>) -> ApplyOutcome {
    let run = match begin::begin(&request).await {
        Ok(run) => run,
        Err(stop) => return refused(request.plan.plan(), stop),
    };
    let plan = request.plan.plan();
    let queue = plan.steps.iter().map(|step| QueuedStep {
        id: step.id,
        after: step.after.clone(),
        estimate_ms: step.estimate_ms,
        lane: group_of(&step.key.address).to_owned(),
    });
    match ReadyQueue::new(queue) {
        Ok(queue) => walk(&request, &run, queue).await,
        Err(error) => refused(plan, error.into()),
    }
}

fn refused(plan: &Plan, stop: Stop) -> ApplyOutcome {
    let not_begun = plan.steps.iter().map(|step| step.id).collect();
    ApplyOutcome::Failed(Report {
        not_begun,
        stopped: Some(stop),
        ..Report::default()
    })
}

async fn walk(request: &ApplyRequest<'_>, run: &Run<'_>, mut queue: ReadyQueue) -> ApplyOutcome {
    let plan = request.plan.plan();
    let mut report = Report::default();
    let mut running = FuturesUnordered::new();
    let mut interrupted = false;
    loop {
        if !interrupted && request.interrupt.is_raised() {
            interrupted = true;
            request.world.emit(&Event::Interrupted {
                running: running.len(),
            });
        }
        if !interrupted && report.stopped.is_none() {
            let now = request.world.clock.now();
            report.stopped = request.holding.check(now).err().map(Stop::LeaseLost);
        }
        while !interrupted && report.stopped.is_none() {
            let Some(step) = queue.take(|lane| run.gate.has_room(lane)) else {
                break;
            };
            let Some(step) = plan.step(step) else { break };
            running.push(begin_step(request, run, step));
        }
        if running.is_empty() {
            break;
        }
        // In this order, so that a run can be replayed; what else may be ready is asked for above.
        tokio::select! {
            biased;
            Some(end) = running.next() => finish_step(request, &mut queue, &mut report, end),
            () = run.gate.freed() => {}
            () = request.interrupt.raised(), if !interrupted => {}
            () = request.holding.taken_over(), if report.stopped.is_none() => {}
        }
    }
    report.not_begun = queue.untouched();
    if let Some(Stop::LeaseLost(lost)) = report.stopped {
        let now = request.world.clock.now();
        report.stopped = Some(Stop::LeaseLost(request.holding.inquire(lost, now).await));
    }
    conclude(report, interrupted)
}

fn conclude(report: Report, interrupted: bool) -> ApplyOutcome {
    if interrupted && !report.not_begun.is_empty() && report.stopped.is_none() {
        ApplyOutcome::Interrupted(report)
    } else if report.failed.is_empty() && report.stopped.is_none() {
        ApplyOutcome::Completed(report)
    } else {
        ApplyOutcome::Failed(report)
    }
}

fn begin_step<'r>(
    request: &ApplyRequest<'r>,
    run: &'r Run<'_>,
    step: &'r Step,
) -> impl Future<Output = StepEnd> + 'r {
    request.world.emit(&Event::StepStarted {
        step: step.id,
        key: step.key.clone(),
        action: step.action.name(),
        estimate: Duration::from_millis(step.estimate_ms),
    });
    let pass = run.gate.enter(group_of(&step.key.address));
    let plan = request.plan.digest();
    let began = Instant::now();
    async move {
        let result = step::perform(run, plan, step, pass).await;
        StepEnd {
            step: step.id,
            result,
            took: began.elapsed(),
        }
    }
}

fn finish_step(request: &ApplyRequest<'_>, queue: &mut ReadyQueue, report: &mut Report, end: StepEnd) {
    let plan = request.plan.plan();
    let Some(Step { id, key, action, .. }) = plan.step(end.step) else {
        return;
    };
    let (step, key, action, took) = (*id, key.clone(), action.name(), end.took);
    match end.result {
        Ok(how) => {
            queue.finish(step);
            request.world.emit(&Event::StepDone {
                step,
                key: key.clone(),
                action,
                took,
            });
            report.done.push(StepDone {
                step,
                key,
                action,
                how,
                took,
            });
        }
        Err(Failure { error, left }) => {
            let message = with_causes(&error);
            request.world.emit(&Event::StepFailed {
                step,
                key: key.clone(),
                action,
                message,
                took,
            });
            for skipped in queue.fail(step) {
                skip(request, report, skipped, &key);
            }
            if report.stopped.is_none() {
                report.stopped = Stop::after(&error, &key);
            }
            report.failed.push(StepFailed {
                step,
                key,
                action,
                error,
                left,
                took,
            });
        }
    }
}

/// Returns the whole chain of causes: an event is shown at once, and nobody asks it for more.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn skip(request: &ApplyRequest<'_>, report: &mut Report, step: StepId, because: &RecordKey) {
    let Some(Step { key, .. }) = request.plan.plan().step(step) else {
        return;
    };
    let (key, because) = (key.clone(), because.clone());
    request.world.emit(&Event::StepSkipped {
        step,
        key: key.clone(),
        because: because.clone(),
    });
    report.skipped.push(StepSkipped { step, key, because });
}
