//! Opens the environment of a saved plan, so that exactly that plan can be applied.

use std::collections::BTreeSet;
use std::time::Duration;

use infra_model::approval::{self, ApprovalError};
use infra_model::clock::Timestamp;
use infra_model::plan::{GivenDigests, Plan, PlanHeader};
use infra_model::record::{RecordKey, Serial};
use infra_model::snapshot::Snapshot;

use crate::backend::Backend;
use crate::error::EngineError;
use crate::opened::{self, Absent, Opened, Target};
use crate::plan::Planned;
use crate::{configuration, plan, recovery};

/// Opens the environment of a saved plan, so that it can be applied.
///
/// # Errors
///
/// When the plan may not be applied, belongs to another stack, state or configuration, or is out of date.
pub async fn reopen(
    backend: &Backend,
    target: &Target,
    plan: Plan,
    wait: Duration,
) -> Result<Planned, EngineError> {
    let read = configuration::read(target)?;
    approval::admit(read.stack.environment.approval.as_ref())?;
    opened::known_provider(backend, &read.stack)?;
    let mut opened = opened::attach(backend, target, read, Absent::Refuse, wait).await?;
    fits(&plan, &opened, backend.clock.now())?;
    let provider = opened.connect(backend).await?;
    recovery::resolve(backend, &mut opened, &*provider, wait).await?;
    let digest = plan::digest(&plan)?;
    let snapshot = Snapshot::default();
    Ok(Planned {
        plan,
        digest,
        opened,
        provider,
        snapshot,
    })
}

/// Returns the error that the configuration is another one; what was given for variables is looked at first, because
/// the same can be given again.
fn changed(header: &PlanHeader, now: &GivenDigests) -> EngineError {
    let then = &header.given;
    let names: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    let differs = |name: &&String| match (then.get(*name), now.get(*name)) {
        (Some(then), Some(now)) if then == now => None,
        (Some(_), Some(_)) => Some(format!("`{name}` has another value")),
        (Some(_), None) => Some(format!("`{name}` was given and is not now")),
        (None, _) => Some(format!("`{name}` was not given and is now")),
    };
    let differing: Vec<String> = names.iter().filter_map(differs).collect();
    if differing.is_empty() {
        let message = "The files of the stack changed since the plan was made";
        return EngineError::request(message, again(header));
    }
    let message = format!("The plan was made with other variables: {}", differing.join(", "));
    EngineError::request(
        message,
        "Give them as they were, with --var, or make a new plan and review it",
    )
}

/// Checks what can be seen without asking anybody. Apply checks the records again, under the lease.
fn fits(plan: &Plan, opened: &Opened, now: Timestamp) -> Result<(), EngineError> {
    let header = &plan.header;
    if header.lineage != opened.state.header.lineage || header.stack != opened.stack.name {
        let message = format!(
            "The plan was made for stack `{}` with another state",
            header.stack
        );
        return Err(EngineError::request(message, "Make a new plan here"));
    }
    if now > header.expires {
        let expired = header.expires;
        return Err(ApprovalError::Expired { expired }.into());
    }
    if header.config != opened.stack.config_digest {
        return Err(changed(header, &opened.given));
    }
    let records = &opened.state.records;
    let is_moved = |(key, planned): &(&RecordKey, &Option<Serial>)| {
        records.get(key).map(|entry| entry.serial) != **planned
    };
    let moved: Vec<&RecordKey> = plan.touched.iter().filter(is_moved).map(|(key, _)| key).collect();
    let Some(first) = moved.first() else {
        return Ok(());
    };
    let others = match moved.len() - 1 {
        0 => String::new(),
        1 => " and one other".to_owned(),
        count => format!(" and {count} others"),
    };
    let message = format!("The plan is out of date: `{first}`{others} changed since it was made");
    Err(EngineError::request(message, again(header)))
}

/// Returns how to get a plan for the same end.
fn again(header: &PlanHeader) -> String {
    match header.rollback {
        None => "Make a new plan and review it".to_owned(),
        Some(to) => {
            format!("Make a new one and review it: infra rollback ENVIRONMENT --to {to} --out FILE")
        }
    }
}
