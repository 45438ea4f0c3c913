//! A deletion: look, intent, call, no record. It is done when the object is gone, whoever saw to that.

use infra_model::journal::{Finding, IntentId, Outcome, RecordChange};
use infra_model::record::ObjectId;
use infra_model::snapshot::Observation;
use infra_model::value::canonical::digest_inputs;
use infra_provider::request::DeleteRequest;

use super::Failure;
use super::step::{Job, open};
use crate::gate::Pass;
use crate::inputs;
use crate::ledger::Entry;
use crate::outcome::{How, StepError, Unresolved};
use crate::pursuit::{Doubt, Ending, Look, pursue};
use crate::run::{is_there, known};
use crate::updating::check_unmoved;

pub(super) async fn delete(job: &Job<'_>, id: &ObjectId, pass: Pass<'_>) -> Result<How, Failure> {
    let run = job.run;
    let kind = run.kind(job.key()).map_err(StepError::Provider)?;
    let old = run
        .ledger
        .record(job.key())
        .map_err(StepError::Record)?
        .ok_or(StepError::NoRecord)?;
    let mut pacer = run.pacer(u64::from(job.step.id.0) + 1);
    let seen = run
        .look(&mut pacer, &known(&old))
        .await
        .map_err(StepError::Provider)?;
    if seen == Observation::Absent {
        drop(pass);
        return job.record(vec![RecordChange::Remove(job.key().clone())]).await;
    }
    let schema = run.world.schema(job.key().address.resource_type_str());
    check_unmoved(schema, &[], &seen).map_err(StepError::Moved)?;
    let token = run.token(job.plan, job.step.id, digest_inputs(&old.inputs, &old.target));
    let request = DeleteRequest {
        address: job.key().address.clone(),
        id: id.clone(),
        target: old.target.clone(),
        inputs: inputs::opened(&old.inputs, run.world.sealing).map_err(StepError::Inputs)?,
        token: token.clone(),
    };
    let intent = job.intend(job.step.action.clone(), token).await?;
    let look = async |doubt| {
        let (mut pacer, known) = (run.pacer(u64::from(job.step.id.0) + 2), known(&old));
        let seen = match doubt {
            Doubt::Last => run.look_until(&mut pacer, &known, |seen| !is_there(seen)).await,
            Doubt::Lost | Doubt::Exists => run.look(&mut pacer, &known).await,
        };
        match seen {
            Err(error) => Look::Open(Unresolved::Unreachable(Box::new(error))),
            Ok(Observation::Absent) => Look::Happened(()),
            Ok(Observation::Present(_)) => Look::NotYet(Finding::StillThere),
        }
    };
    let ending = pursue(
        run,
        job.subject(),
        pass,
        async || kind.delete(&request).await,
        look,
    )
    .await;
    conclude(job, intent, ending).await
}

async fn conclude(job: &Job<'_>, intent: IntentId, ending: Ending<()>) -> Result<How, Failure> {
    let removal = vec![RecordChange::Remove(job.key().clone())];
    let resolved = |finding| Some((intent, Outcome::Resolved { finding }));
    match ending {
        Ending::Called((), took) => job.done(intent, removal, took).await,
        Ending::Observed((), _) => {
            let entry = Entry {
                closes: resolved(Finding::Gone),
                changes: removal,
                duration: None,
            };
            job.close(entry).await?;
            Ok(How::Observed)
        }
        Ending::Rejected(error) => job.reject(intent, error).await,
        Ending::Resolved(finding, error) => {
            job.close(Entry {
                closes: resolved(finding),
                ..Entry::default()
            })
            .await?;
            Err(StepError::Provider(error).into())
        }
        Ending::Open(why, error) => Err(open(why, error)),
    }
}
