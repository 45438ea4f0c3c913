//! Recovery: every call that an earlier run began and did not record is resolved by observation, by the recovery
//! class of its type, before anything else is done.
//!
//! Each resolution is one change of the state that closes the intent, so a recovery that dies is itself recovered.

use std::fmt;
use std::sync::Arc;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use infra_model::event::Event;
use infra_model::journal::{Finding, OpenIntent, Operation, Outcome, RecordChange};
use infra_model::plan::{Action, Draft};
use infra_model::record::{ObjectId, Record, RecordError, RecordKey};
use infra_model::snapshot::{Observation, Observed};
use infra_provider::error::ProviderError;
use infra_provider::ownership::OwnershipTag;
use infra_provider::request::CreateRequest;
use infra_state::contract::{State, StoreError};

use crate::changes::{created, doubted, record, updated};
use crate::concurrency::{CallEnd, group_of};
use crate::creation::{self, Creation, Made, Wholeness};
use crate::gate::Gate;
use crate::inputs::{self, InputError};
use crate::interrupt::Interrupt;
use crate::lease::Holding;
use crate::ledger::{Entry, Ledger};
use crate::outcome::Unresolved;
use crate::pacer::Pacer;
use crate::pursuit::Look;
use crate::run::{Run, is_there, known};
use crate::updating::outputs_if_done;
use crate::world::World;

/// Asks for the open intents of a state to be resolved.
#[derive(Clone, Copy)]
pub struct RecoverRequest<'a> {
    /// What the run works with.
    pub world: World<'a>,
    /// The lease under which everything is written.
    pub holding: &'a Holding,
    /// The state as it was read under the lease.
    pub state: &'a State,
    /// On whose behalf.
    pub operation: &'a Operation,
    /// Ends the patience with a provider that does not answer.
    pub interrupt: &'a Interrupt,
}

impl fmt::Debug for RecoverRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecoverRequest")
            .field("open", &self.state.open_intents.len())
            .finish_non_exhaustive()
    }
}

/// What became of the open intents. The state must be read again if any was resolved.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Intents that are closed now.
    pub resolved: Vec<ResolvedIntent>,
    /// Intents that are still open; nothing may be applied before they are resolved.
    pub unresolved: Vec<UnresolvedIntent>,
}

/// An intent that was closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedIntent {
    /// The record.
    pub key: RecordKey,
    /// The action's name.
    pub action: &'static str,
    /// What the observation said.
    pub finding: Finding,
}

/// An intent that is still open.
#[derive(Debug)]
pub struct UnresolvedIntent {
    /// The record.
    pub key: RecordKey,
    /// The action's name.
    pub action: &'static str,
    /// Why.
    pub error: RecoveryError,
}

/// An intent cannot be resolved now.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// No observation tells.
    #[error("It is not known whether the call was done: {0}")]
    Unknown(Unresolved),
    /// The provider does not know the type.
    #[error("The provider cannot be asked")]
    Provider(#[from] ProviderError),
    /// A secret of the call cannot be opened.
    #[error("The inputs of the call cannot be opened")]
    Inputs(#[from] InputError),
    /// A record cannot be read.
    #[error("The record cannot be read")]
    Record(#[from] RecordError),
    /// The state cannot be written.
    #[error("The state cannot be written")]
    Store(#[from] StoreError),
}

/// Resolves every open intent that can be resolved, all side by side as far as the provider lets us.
pub async fn recover(request: RecoverRequest<'_>) -> Recovered {
    let RecoverRequest {
        world,
        holding,
        state,
        operation,
        interrupt,
    } = request;
    let records = state.records.clone();
    let run = Run {
        world,
        lineage: state.header.lineage.clone(),
        ledger: Ledger::new(
            world.store,
            world.clock,
            holding.epoch(),
            operation.clone(),
            records,
        ),
        gate: Gate::new(world.policy.concurrency),
        interrupt: interrupt.clone(),
        holding,
    };
    let mut running: FuturesUnordered<_> = state
        .open_intents
        .iter()
        .map(|open| {
            let run = &run;
            async move { (open, resolve(run, open).await) }
        })
        .collect();
    let mut recovered = Recovered::default();
    while let Some((open, result)) = running.next().await {
        let (key, action) = (open.intent.key.clone(), open.intent.action.name());
        match result {
            Ok(finding) => {
                world.emit(&Event::Recovered {
                    key: key.clone(),
                    finding,
                });
                recovered.resolved.push(ResolvedIntent { key, action, finding });
            }
            Err(error) => recovered.unresolved.push(UnresolvedIntent { key, action, error }),
        }
    }
    recovered
}

async fn resolve(run: &Run<'_>, open: &OpenIntent) -> Result<Finding, RecoveryError> {
    let group = group_of(&open.intent.key.address);
    let pass = run.gate.enter_after(group, std::future::ready(true)).await;
    let (finding, changes) = match &open.intent.action {
        Action::Create { draft, depose } => create(run, open, draft, depose.as_deref()).await?,
        Action::Update {
            id, draft, changes, ..
        } => {
            let changed: Vec<String> = changes.iter().map(|change| change.attribute.clone()).collect();
            update(run, open, id, draft, &changed).await?
        }
        Action::Delete { id, .. } => delete(run, open, id).await?,
        // These make no call: either they were recorded, or nothing happened.
        Action::Adopt { .. } | Action::Forget => (Finding::NothingMade, Vec::new()),
    };
    if let Some(pass) = pass {
        pass.leave(CallEnd::Taken);
    }
    let closes = Some((open.id, Outcome::Resolved { finding }));
    run.ledger
        .commit(Entry {
            closes,
            changes,
            duration: None,
        })
        .await?;
    Ok(finding)
}

type Resolution = Result<(Finding, Vec<RecordChange>), RecoveryError>;

async fn create(run: &Run<'_>, open: &OpenIntent, draft: &Draft, depose: Option<&str>) -> Resolution {
    let key = &open.intent.key;
    run.kind(key)?;
    let (lineage, address) = (run.lineage.clone(), key.address.clone());
    let request = CreateRequest {
        tag: OwnershipTag {
            lineage,
            address,
            token: open.intent.token.clone(),
        },
        target: draft.target.clone(),
        inputs: inputs::opened(&draft.inputs, run.world.sealing)?,
    };
    let creation = Creation {
        key,
        draft,
        depose,
        request: &request,
    };
    let mut pacer = run.pacer(open.id.0);
    match creation::look_after_all(run, &mut pacer, creation).await {
        Look::Happened(made) => {
            let finding = made.wholeness.finding();
            if is_taken(run, &mut pacer, creation, &made).await? {
                // What this call did not make may hold data, and what is set aside is deleted.
                if made.wholeness == Wholeness::Earlier {
                    return Ok((Finding::NothingMade, Vec::new()));
                }
                let key = RecordKey {
                    address: key.address.clone(),
                    deposed: Some(open.intent.token.0.clone()),
                };
                let surplus = record(&key, draft, made);
                return Ok((finding, vec![RecordChange::Put(Box::new(surplus))]));
            }
            let schema = run.world.schema(key.address.resource_type_str());
            Ok((finding, created(&run.ledger, schema, creation, made)?))
        }
        Look::Not(finding) | Look::NotYet(finding) => Ok((finding, Vec::new())),
        Look::Open(why) => Err(RecoveryError::Unknown(why)),
    }
}

/// Tells whether the record that a create was for names another object by now, one that exists: the record was moved
/// there, or its object was only hidden when the create was planned. Then what was made is one too many.
async fn is_taken(
    run: &Run<'_>,
    pacer: &mut Pacer<'_>,
    creation: Creation<'_>,
    made: &Made,
) -> Result<bool, RecoveryError> {
    let current = run.ledger.record(creation.key)?;
    let Some(current) = current.filter(|record| creation.depose.is_none() && record.id != made.id) else {
        return Ok(false);
    };
    let seen = run.look_patiently(pacer, &current).await;
    Ok(seen.map_err(unreachable)? != Observation::Absent)
}

fn unreachable(error: ProviderError) -> RecoveryError {
    RecoveryError::Unknown(Unresolved::Unreachable(Box::new(error)))
}

/// Returns the record of the object that a call was for, under whatever name it has by now.
fn record_of(run: &Run<'_>, open: &OpenIntent, id: &ObjectId) -> Result<Option<Arc<Record>>, RecordError> {
    let key = &open.intent.key;
    let is_it = |record: &Arc<Record>| record.id == *id;
    match run.ledger.record(key)?.filter(is_it) {
        Some(record) => Ok(Some(record)),
        None => match run.ledger.keeper(key.address.resource_type_str(), id, None) {
            Some(moved) => run.ledger.record(&moved),
            None => Ok(None),
        },
    }
}

async fn update(
    run: &Run<'_>,
    open: &OpenIntent,
    id: &ObjectId,
    draft: &Draft,
    changed: &[String],
) -> Resolution {
    let schema = run.world.schema(open.intent.key.address.resource_type_str());
    // Without a record there is nothing that the update could have left wrong.
    let Some(old) = record_of(run, open, id)? else {
        return Ok((Finding::Gone, Vec::new()));
    };
    let outputs = |seen: &Observed| outputs_if_done(schema, &old, draft, changed, seen);
    // An update that was sent last thing may still arrive.
    let is_done = |seen: &Observation| match seen {
        Observation::Absent => true,
        Observation::Present(seen) => outputs(seen).is_some(),
    };
    let seen = run
        .look_until(&mut run.pacer(open.id.0), &known(&old), is_done)
        .await;
    match seen.map_err(unreachable)? {
        Observation::Absent => Ok((Finding::Gone, Vec::new())),
        Observation::Present(seen) => match outputs(&seen) {
            Some(outputs) => Ok((Finding::Adopted, updated(&old, draft, outputs))),
            None => {
                let changes = doubted(&old, changed.iter().map(String::as_str), schema);
                Ok((Finding::StillThere, changes))
            }
        },
    }
}

async fn delete(run: &Run<'_>, open: &OpenIntent, id: &ObjectId) -> Resolution {
    let Some(old) = record_of(run, open, id)? else {
        return Ok((Finding::Gone, Vec::new()));
    };
    let is_gone = |seen: &Observation| !is_there(seen);
    let seen = run
        .look_until(&mut run.pacer(open.id.0), &known(&old), is_gone)
        .await;
    match seen.map_err(unreachable)? {
        Observation::Absent => Ok((Finding::Gone, vec![RecordChange::Remove(old.key.clone())])),
        Observation::Present(_) => Ok((Finding::StillThere, Vec::new())),
    }
}
