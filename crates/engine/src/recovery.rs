//! Resolves what an earlier run left open, before anything else is done.

use std::time::Duration;

use infra_apply::interrupt::Interrupt;
use infra_apply::lease;
use infra_apply::recovery::{RecoverRequest, Recovered};
use infra_provider::provider::Provider;

use crate::apply::{hold_request, operation, policy, released, world};
use crate::backend::Backend;
use crate::error::EngineError;
use crate::opened::Opened;

/// The command, as the history names it.
pub const COMMAND: &str = "recover";

/// Resolves open intents under the lease and reads the state again. Without open intents nothing is taken or asked.
///
/// # Errors
///
/// When the lease cannot be had, or an intent cannot be resolved now.
pub(crate) async fn resolve(
    backend: &Backend,
    opened: &mut Opened,
    provider: &dyn Provider,
    wait: Duration,
) -> Result<(), EngineError> {
    match opened.state.open_intents.is_empty() {
        true => Ok(()),
        false => in_turn(backend, opened, provider, wait).await,
    }
}

/// Waits until nobody else works, resolves what is open then, and reads the state again. What is planned while another
/// run works is out of date afterwards.
///
/// # Errors
///
/// When the lease cannot be had, or an intent cannot be resolved now.
pub(crate) async fn in_turn(
    backend: &Backend,
    opened: &mut Opened,
    provider: &dyn Provider,
    wait: Duration,
) -> Result<(), EngineError> {
    let (policy, interrupt) = (policy(backend)?, Interrupt::never());
    let request = hold_request(backend, opened, wait, &interrupt);
    let held = lease::hold(request, async |holding| {
        // Read under the lease: somebody may have resolved them while we waited.
        let state = opened.store.load().await?;
        let Some(state) = state else {
            return Ok(Recovered::default());
        };
        let operation = operation(backend, holding.epoch(), COMMAND, None);
        let world = world(backend, opened, provider, &policy);
        let request = RecoverRequest {
            world,
            holding,
            state: &state,
            operation: &operation,
            interrupt: &interrupt,
        };
        Ok(infra_apply::recovery::recover(request).await)
    });
    let recovered = released(held.await, opened)?.map_err(|source| opened.in_store(source))?;
    if recovered.unresolved.is_empty() {
        return opened.reload().await;
    }
    Err(EngineError::Unresolved {
        environment: opened.stack.environment.name.clone(),
        open: recovered.unresolved,
    })
}
