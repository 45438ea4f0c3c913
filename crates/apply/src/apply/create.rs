//! A create: intent, call, record.

use infra_model::journal::{IntentId, Outcome, RecordChange};
use infra_model::plan::{Action, Draft};
use infra_model::snapshot::{Observation, Observed, Owner};
use infra_model::value::canonical::digest_inputs;
use infra_provider::error::{ErrorKind, ProviderError};
use infra_provider::ownership::OwnershipTag;
use infra_provider::request::CreateRequest;

use super::Failure;
use super::step::{Job, open};
use crate::changes;
use crate::creation::{Creation, Made, Wholeness, look, look_at_last, look_at_obstacle};
use crate::gate::Pass;
use crate::inputs;
use crate::ledger::Entry;
use crate::outcome::{How, Left, Moved, StepError};
use crate::pursuit::{Doubt, Ending, pursue};
use crate::sealed;

pub(super) async fn create(
    job: &Job<'_>,
    draft: &Draft,
    depose: Option<&str>,
    pass: Pass<'_>,
) -> Result<How, Failure> {
    let run = job.run;
    let kind = run.kind(job.key()).map_err(StepError::Provider)?;
    if depose.is_none() {
        check_gone(job).await?;
    }
    let draft = job.with_stored_inputs(draft)?;
    let token = run.token(job.plan, job.step.id, digest_inputs(&draft.inputs, &draft.target));
    let address = job.key().address.clone();
    let request = CreateRequest {
        tag: OwnershipTag {
            lineage: run.lineage.clone(),
            address,
            token: token.clone(),
        },
        target: draft.target.clone(),
        inputs: inputs::opened(&draft.inputs, run.world.sealing).map_err(StepError::Inputs)?,
    };
    let action = Action::Create {
        draft: draft.clone(),
        depose: depose.map(str::to_owned),
    };
    let intent = job.intend(action, token).await?;
    let creation = Creation {
        key: job.key(),
        draft: &draft,
        depose,
        request: &request,
    };
    let call = async || {
        let applied = kind.create(&request).await?;
        let schema = run.world.schema(job.key().address.resource_type_str());
        let outputs = sealed::outputs(applied.outputs, schema, run.world.sealing);
        Ok(Made {
            id: applied.id,
            outputs,
            wholeness: Wholeness::Whole,
        })
    };
    let doubt = async |doubt| {
        let mut pacer = run.pacer(u64::from(job.step.id.0) + 1);
        match doubt {
            Doubt::Lost => look(run, &mut pacer, creation).await,
            Doubt::Exists => look_at_obstacle(run, &mut pacer, creation).await,
            Doubt::Last => look_at_last(run, &mut pacer, creation).await,
        }
    };
    let ending = pursue(run, job.subject(), pass, call, doubt).await;
    conclude(job, intent, creation, ending).await
}

/// Checks that the object of the record that a create writes over is gone still: the list that did not show it may
/// have been late, and since a plan was saved somebody may have brought it back.
async fn check_gone(job: &Job<'_>) -> Result<(), StepError> {
    let Some(old) = job.run.ledger.record(job.key())? else {
        return Ok(());
    };
    let mut pacer = job.run.pacer(u64::from(job.step.id.0) + 2);
    let seen = job.run.look_patiently(&mut pacer, &old).await;
    match seen.map_err(StepError::Provider)? {
        Observation::Absent => Ok(()),
        Observation::Present(Observed {
            owner: Owner::Other(owner),
            ..
        }) => Err(StepError::Moved(Moved::Owner { owner })),
        Observation::Present(_) => Err(StepError::Moved(Moved::Present)),
    }
}

async fn conclude(
    job: &Job<'_>,
    intent: IntentId,
    creation: Creation<'_>,
    ending: Ending<Made>,
) -> Result<How, Failure> {
    let schema = job.run.world.schema(job.key().address.resource_type_str());
    let changes = |made| {
        let changes = changes::created(&job.run.ledger, schema, creation, made);
        changes.map_err(|error| Failure {
            error: error.into(),
            left: Left::OpenIntent,
        })
    };
    match ending {
        Ending::Called(made, took) => job.done(intent, changes(made)?, took).await,
        Ending::Observed(made, error) => {
            let wholeness = made.wholeness;
            adopt(job, intent, wholeness, changes(made)?).await?;
            match wholeness {
                Wholeness::Whole if is_refusal(&error) => Err(recorded(StepError::HalfMade(error))),
                Wholeness::Whole => Ok(How::Observed),
                Wholeness::Half => Err(recorded(StepError::HalfMade(error))),
                Wholeness::Earlier => Err(recorded(StepError::TakenIn(error))),
            }
        }
        Ending::Rejected(error) => job.reject(intent, error).await,
        Ending::Resolved(finding, error) => {
            let outcome = Outcome::Resolved { finding };
            job.close(Entry {
                closes: Some((intent, outcome)),
                ..Entry::default()
            })
            .await?;
            Err(StepError::Provider(error).into())
        }
        Ending::Open(why, error) => Err(open(why, error)),
    }
}

/// Tells whether an error says that a part of the work was refused, not that an answer was lost: an object that is found after that
/// lacks what was refused, however whole it looks. The next plan shows what.
fn is_refusal(error: &ProviderError) -> bool {
    // A repeated call may meet what the one before it made.
    !error.kind.is_retryable() && error.kind != ErrorKind::AlreadyExists
}

async fn adopt(
    job: &Job<'_>,
    intent: IntentId,
    wholeness: Wholeness,
    changes: Vec<RecordChange>,
) -> Result<(), Failure> {
    let finding = wholeness.finding();
    let closes = Some((intent, Outcome::Resolved { finding }));
    job.close(Entry {
        closes,
        changes,
        duration: None,
    })
    .await
}

fn recorded(error: StepError) -> Failure {
    Failure {
        error,
        left: Left::Recorded,
    }
}

impl Job<'_> {
    /// Closes an intent of which the provider proves that nothing happened.
    pub(super) async fn reject(&self, intent: IntentId, error: ProviderError) -> Result<How, Failure> {
        let outcome = Outcome::Rejected {
            message: error.to_string(),
        };
        self.close(Entry {
            closes: Some((intent, outcome)),
            ..Entry::default()
        })
        .await?;
        Err(StepError::Provider(error).into())
    }
}
