//! An update in place: look, intent, call, record.

use infra_model::decision::Change;
use infra_model::journal::{Finding, IntentId, Outcome, RecordChange};
use infra_model::plan::{Action, Draft};
use infra_model::record::{ObjectId, Record};
use infra_model::snapshot::Observation;
use infra_model::value::Attributes;
use infra_model::value::canonical::digest_inputs;
use infra_provider::request::UpdateRequest;

use super::Failure;
use super::step::{Job, open};
use crate::changes::{doubted, updated};
use crate::gate::Pass;
use crate::inputs;
use crate::ledger::Entry;
use crate::outcome::{How, Left, StepError, Unresolved};
use crate::pursuit::{Doubt, Ending, Look, pursue};
use crate::run::known;
use crate::sealed;
use crate::updating::{check_unmoved, outputs_if_done, still_different};

pub(super) async fn update(
    job: &Job<'_>,
    (id, draft, changes): (&ObjectId, &Draft, &[Change]),
    pass: Pass<'_>,
) -> Result<How, Failure> {
    let run = job.run;
    let kind = run.kind(job.key()).map_err(StepError::Provider)?;
    let schema = run.world.schema(job.key().address.resource_type_str());
    let old = run
        .ledger
        .record(job.key())
        .map_err(StepError::Record)?
        .ok_or(StepError::NoRecord)?;
    let draft = job.with_stored_inputs(draft)?;
    let mut pacer = run.pacer(u64::from(job.step.id.0) + 1);
    let seen = run
        .look(&mut pacer, &known(&old))
        .await
        .map_err(StepError::Provider)?;
    check_unmoved(schema, changes, &seen).map_err(StepError::Moved)?;
    let changed = still_different(changes, &old, &draft.inputs, &seen);
    if changed.is_empty() {
        // What the plan could not know turned out to be what the object has already.
        drop(pass);
        return job.record(updated(&old, &draft, old.outputs.clone())).await;
    }
    let token = run.token(job.plan, job.step.id, digest_inputs(&draft.inputs, &draft.target));
    let clear = |stored| inputs::opened(stored, run.world.sealing).map_err(StepError::Inputs);
    let request = UpdateRequest {
        address: job.key().address.clone(),
        id: id.clone(),
        target: draft.target.clone(),
        before: clear(&old.inputs)?,
        inputs: clear(&draft.inputs)?,
        changed,
        token: token.clone(),
    };
    let intent = job.intend(job.action_with(&draft), token).await?;
    let call = async || {
        let applied = kind.update(&request).await?;
        Ok(sealed::outputs(applied.outputs, schema, run.world.sealing))
    };
    let judge = |seen: &Observation| match seen {
        Observation::Absent => Look::Not(Finding::Gone),
        Observation::Present(seen) => {
            let outputs = outputs_if_done(schema, &old, &draft, &request.changed, seen);
            outputs.map_or(Look::NotYet(Finding::StillThere), Look::Happened)
        }
    };
    let look = async |doubt| {
        let (mut pacer, known) = (run.pacer(u64::from(job.step.id.0) + 2), known(&old));
        let is_settled = |seen: &Observation| !matches!(judge(seen), Look::NotYet(_));
        let seen = match doubt {
            Doubt::Last => run.look_until(&mut pacer, &known, is_settled).await,
            Doubt::Lost | Doubt::Exists => run.look(&mut pacer, &known).await,
        };
        match seen {
            Err(error) => Look::Open(Unresolved::Unreachable(Box::new(error))),
            Ok(seen) => judge(&seen),
        }
    };
    let ending = pursue(run, job.subject(), pass, call, look).await;
    conclude(job, intent, (&old, &draft, &request.changed), ending).await
}

async fn conclude(
    job: &Job<'_>,
    intent: IntentId,
    (old, draft, changed): (&Record, &Draft, &[String]),
    ending: Ending<Attributes>,
) -> Result<How, Failure> {
    match ending {
        Ending::Called(outputs, took) => job.done(intent, updated(old, draft, outputs), took).await,
        Ending::Observed(outputs, _) => {
            resolve(job, intent, Finding::Adopted, updated(old, draft, outputs)).await?;
            Ok(How::Observed)
        }
        Ending::Rejected(error) => job.reject(intent, error).await,
        Ending::Resolved(finding, error) => {
            let schema = job.run.world.schema(job.key().address.resource_type_str());
            let changes = doubted(old, changed.iter().map(String::as_str), schema);
            let left = if changes.is_empty() {
                Left::Nothing
            } else {
                Left::Recorded
            };
            resolve(job, intent, finding, changes).await?;
            Err(Failure {
                error: StepError::Provider(error),
                left,
            })
        }
        Ending::Open(why, error) => Err(open(why, error)),
    }
}

async fn resolve(
    job: &Job<'_>,
    intent: IntentId,
    finding: Finding,
    changes: Vec<RecordChange>,
) -> Result<(), Failure> {
    let closes = Some((intent, Outcome::Resolved { finding }));
    job.close(Entry {
        closes,
        changes,
        duration: None,
    })
    .await
}

impl Job<'_> {
    /// Returns the step's action with a draft that holds no references.
    fn action_with(&self, stored: &Draft) -> Action {
        match self.step.action.clone() {
            Action::Update {
                id, changes, before, ..
            } => Action::Update {
                id,
                draft: stored.clone(),
                changes,
                before,
            },
            other => other,
        }
    }
}
