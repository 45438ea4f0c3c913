//! Applying a plan: approval, the lease, the walk, and how it ended.

use std::sync::Arc;
use std::time::Duration;

use infra_apply::apply::ApplyRequest;
use infra_apply::interrupt::Interrupt;
use infra_apply::lease::{self, Held, HoldError, HoldRequest, Patience};
use infra_apply::outcome::{ApplyOutcome, Report};
use infra_apply::world::{Policy, World};
use infra_model::approval;
use infra_model::digest::Digest;
use infra_model::event::{Event, Stage};
use infra_model::journal::{Epoch, Operation};
use infra_state::contract::Store;

use crate::backend::Backend;
use crate::error::EngineError;
use crate::opened::{LEASE_DURATION, Opened};
use crate::plan::Planned;
use crate::rest::{self, Woken};

// Whoever starts an apply interrupts it and reads its outcome, without knowing the stage itself.
pub use infra_apply::{interrupt, outcome};

/// How an apply ended.
#[derive(Debug)]
pub struct Applied {
    /// What was done and what was not.
    pub outcome: ApplyOutcome,
    /// How long it took.
    pub took: Duration,
}

/// Asks for a plan to be applied.
#[derive(Clone, Debug)]
pub struct ApplyPlan<'a> {
    /// The plan and what it was made from.
    pub planned: &'a Planned,
    /// The command that asks, as the history names it.
    pub command: &'a str,
    /// How long to wait for somebody else's lease.
    pub wait: Duration,
    /// The user's wish to stop.
    pub interrupt: &'a Interrupt,
}

/// Applies a plan under the lease. Everything that happened is in the result.
///
/// # Errors
///
/// When the plan may not be applied, or the lease cannot be had; then nothing was done.
pub async fn apply(backend: &Backend, request: ApplyPlan<'_>) -> Result<Applied, EngineError> {
    let ApplyPlan {
        planned,
        command,
        wait,
        interrupt,
    } = request;
    let opened = &planned.opened;
    let now = backend.clock.now();
    let rule = opened.stack.environment.approval.as_ref();
    let approved = approval::approve(planned.plan.clone(), rule, now)?;
    if planned.plan.is_empty() && rest::resting(&*planned.provider)?.is_none() {
        let outcome = ApplyOutcome::Completed(Report::default());
        return Ok(Applied {
            outcome,
            took: Duration::ZERO,
        });
    }
    backend.observer.on_event(&Event::StageStarted(Stage::Apply));
    let policy = policy(backend)?;
    let held = lease::hold(hold_request(backend, opened, wait, interrupt), async |holding| {
        let rewritten = match rest::wake(backend, planned, holding, interrupt).await? {
            Woken::Runs(rewritten) => rewritten,
            Woken::Ended(outcome) => return Ok(outcome),
        };
        let operation = operation(backend, holding.epoch(), command, Some(planned.digest));
        let request = ApplyRequest {
            world: world(backend, opened, &*planned.provider, &policy),
            holding,
            plan: &approved,
            rewritten: &rewritten,
            operation: &operation,
            interrupt,
        };
        Ok::<_, EngineError>(infra_apply::apply::apply(request).await)
    });
    let outcome = released(held.await, opened)??;
    let took = backend.clock.now().since(now);
    backend
        .observer
        .on_event(&Event::StageFinished(Stage::Apply, took));
    Ok(Applied { outcome, took })
}

/// Returns how patient a run is. Pauses are random, so that engines which were refused together do not ask together
/// again.
pub(crate) fn policy(backend: &Backend) -> Result<Policy, EngineError> {
    let mut seed = [0_u8; 8];
    backend.entropy.fill(&mut seed).map_err(EngineError::defect)?;
    Ok(Policy {
        seed: u64::from_le_bytes(seed),
        ..backend.policy
    })
}

/// Returns what a run works with.
pub(crate) fn world<'a>(
    backend: &'a Backend,
    opened: &'a Opened,
    provider: &'a dyn infra_provider::provider::Provider,
    policy: &'a Policy,
) -> World<'a> {
    World {
        provider,
        store: &*opened.store,
        sealing: &*opened.key,
        clock: &*backend.clock,
        observer: &*backend.observer,
        policy,
    }
}

/// Returns what is asked to take the lease of an environment.
pub(crate) fn hold_request(
    backend: &Backend,
    opened: &Opened,
    wait: Duration,
    interrupt: &Interrupt,
) -> HoldRequest {
    hold_store(backend, opened.store.clone(), wait, interrupt)
}

/// Returns what is asked to take the lease in a store.
pub(crate) fn hold_store(
    backend: &Backend,
    store: Arc<dyn Store>,
    wait: Duration,
    interrupt: &Interrupt,
) -> HoldRequest {
    HoldRequest {
        store,
        clock: backend.clock.clone(),
        observer: backend.observer.clone(),
        holder: backend.who.clone(),
        duration: LEASE_DURATION,
        patience: if wait.is_zero() {
            Patience::None
        } else {
            Patience::For(wait)
        },
        interrupt: interrupt.clone(),
    }
}

/// Returns on whose behalf the state changes. Epochs are given once, so they tell operations apart.
pub(crate) fn operation(backend: &Backend, epoch: Epoch, command: &str, plan: Option<Digest>) -> Operation {
    Operation {
        id: format!("{}-{}", epoch.0, command.replace(' ', "-")),
        command: command.to_owned(),
        who: backend.who.clone(),
        plan,
    }
}

/// Returns what a run under the lease gave. A lease that could not be given back runs out by itself.
pub(crate) fn released<T>(held: Result<Held<T>, HoldError>, opened: &Opened) -> Result<T, EngineError> {
    released_in(held, &opened.stack.environment.name)
}

/// Returns the same for an environment that is not opened.
pub(crate) fn released_in<T>(held: Result<Held<T>, HoldError>, environment: &str) -> Result<T, EngineError> {
    match held {
        Ok(held) => Ok(held.value),
        Err(HoldError::Store(source)) => Err(EngineError::store(environment, source)),
        Err(HoldError::Interrupted) => Err(EngineError::request(
            "Interrupted before anything was done",
            "Run the command again",
        )),
    }
}
