//! Plans the way back to what was recorded after an earlier change.
//!
//! It is a plan like any other, made from the recorded inputs of then instead of what the stack wants, and it is never
//! applied by itself. What cannot be undone stands in its notices.

use std::time::Duration;

use infra_model::event::Stage;
use infra_model::record::Serial;
use infra_model::resource::ResourceGraph;
use infra_provider::provider::Provider;

use crate::backend::Backend;
use crate::error::EngineError;
use crate::opened::{self, Absent, Opened, Target};
use crate::plan::options::Options;
use crate::plan::{self, Planned};
use crate::rollback::doubt::LastKnown;
use crate::rollback::honesty::Told;
use crate::rollback::times::Times;
use crate::rollback::way::Way;
use crate::{configuration, past, recovery, rest};

mod brought;
mod doubt;
mod honesty;
mod keep;
mod lost;
mod relink;
mod rewind;
mod times;
mod way;

/// Asks for the way back.
#[derive(Clone, Debug)]
pub struct RollbackRequest {
    /// The environment.
    pub target: Target,
    /// The change after which the state was as it shall be again.
    pub to: Serial,
    /// How long to wait for somebody else's lease.
    pub wait: Duration,
}

/// Plans the way back. Open intents of an earlier run are resolved first.
///
/// # Errors
///
/// When there is no such change, the way back leads to what this engine cannot make, or as for any plan.
pub async fn plan(backend: &Backend, request: &RollbackRequest) -> Result<Planned, EngineError> {
    let read = configuration::read(&request.target)?;
    opened::known_provider(backend, &read.stack)?;
    let mut opened = opened::attach(backend, &request.target, read, Absent::Refuse, request.wait).await?;
    let provider = opened.connect(backend).await?;
    recovery::resolve(backend, &mut opened, &*provider, request.wait).await?;
    let mut past = past::at(&opened, request.to).await?;
    let refused = brought::refuse_beside_real_data(&mut past, &opened.stack.environment, &*provider);
    let schemas = provider.kinds().schemas();
    let (mut way, told) = plan::staged(backend, Stage::Lower, || {
        let stack = wanted_now(&opened, &*provider)?;
        let times = Times::new(&past.records, &opened.state.records)?;
        let told = Told::new(&opened.stack.environment.name, &past, &times, schemas);
        let last_known = LastKnown::new(&past, &times);
        Ok((Way::new(times, last_known, stack, schemas)?, told))
    })?;
    opened.stack.components.clear();
    opened.stack.moved = way.moved();
    let snapshot = plan::observe(backend, &mut opened, &*provider, true).await?;
    let options = Options {
        refresh: true,
        rollback: Some(request.to),
        ..Options::default()
    };
    let mut plan = plan::staged(backend, Stage::Plan, || {
        way.find(|graph| plan::compare(backend, &opened, &*provider, graph, &snapshot, &options))
    })?;
    let notices = told.notices(&plan, &way);
    plan.notices.extend(notices);
    plan.notices.extend(refused);
    plan.notices.extend(plan::left_behind(&plan, &*provider));
    plan.notices.extend(brought::again(&plan, &*provider));
    let resting = rest::resting(&*provider)?;
    let stopped = resting.map(|resting| rest::notice(&opened.stack.environment.name, &resting));
    plan.notices.extend(stopped);
    let digest = plan::digest(&plan)?;
    Ok(Planned {
        plan,
        digest,
        opened,
        provider,
        snapshot,
    })
}

/// Returns what the stack wants now, to see what refers to what; nothing where the provider can no longer make it.
fn wanted_now(opened: &Opened, provider: &dyn Provider) -> Result<Option<ResourceGraph>, EngineError> {
    match plan::lower(opened, provider) {
        Err(EngineError::Lowering { .. }) => Ok(None),
        lowered => lowered.map(Some),
    }
}
