//! One step of a plan: what all sorts of action share.

use std::time::Duration;

use infra_model::digest::Digest;
use infra_model::journal::{Intent, IntentId, Outcome, RecordChange, Token};
use infra_model::plan::{Action, Draft, Step};
use infra_model::record::{ObjectId, RecordKey};
use infra_model::value::Attributes;
use infra_provider::error::ProviderError;
use infra_state::contract::StoreError;

use super::{Failure, create, delete, update};
use crate::changes;
use crate::creation::{Made, Wholeness};
use crate::gate::Pass;
use crate::inputs;
use crate::ledger::Entry;
use crate::outcome::{How, Left, StepError, Unresolved};
use crate::pursuit::Subject;
use crate::run::Run;

/// A step on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job<'a> {
    pub(super) run: &'a Run<'a>,
    pub(super) plan: Digest,
    pub(super) step: &'a Step,
}

/// Does one step.
pub(super) async fn perform(
    run: &Run<'_>,
    plan: Digest,
    step: &Step,
    pass: Pass<'_>,
) -> Result<How, Failure> {
    let job = Job { run, plan, step };
    match &step.action {
        Action::Create { draft, depose } => create::create(&job, draft, depose.as_deref(), pass).await,
        Action::Update {
            id, draft, changes, ..
        } => update::update(&job, (id, draft, changes), pass).await,
        Action::Delete { id, .. } => delete::delete(&job, id, pass).await,
        Action::Adopt { id, draft, outputs } => {
            drop(pass);
            adopt(&job, id, draft, outputs).await
        }
        Action::Forget => {
            drop(pass);
            job.record(vec![RecordChange::Remove(step.key.clone())]).await
        }
    }
}

async fn adopt(job: &Job<'_>, id: &ObjectId, draft: &Draft, outputs: &Attributes) -> Result<How, Failure> {
    let draft = job.with_stored_inputs(draft)?;
    let made = Made {
        id: id.clone(),
        outputs: outputs.clone(),
        wholeness: Wholeness::Whole,
    };
    let record = changes::record(&job.step.key, &draft, made);
    job.record(vec![RecordChange::Put(Box::new(record))]).await
}

/// Returns the failure of a call of which nobody knows what it did.
pub(super) fn open(why: Unresolved, error: ProviderError) -> Failure {
    let source = Box::new(error);
    Failure {
        error: StepError::Unknown { why, source },
        left: Left::OpenIntent,
    }
}

impl Job<'_> {
    pub(super) fn key(&self) -> &RecordKey {
        &self.step.key
    }

    pub(super) fn subject(&self) -> Subject<'_> {
        Subject {
            step: self.step.id,
            key: &self.step.key,
        }
    }

    /// Returns the draft with its references replaced by what the records hold now.
    pub(super) fn with_stored_inputs(&self, draft: &Draft) -> Result<Draft, StepError> {
        let output = |address: &_, name: &_| self.run.ledger.output(address, name);
        let inputs = inputs::stored(&draft.inputs, &output)?;
        Ok(Draft {
            inputs,
            ..draft.clone()
        })
    }

    /// Makes the intent durable; only then may the provider be called, and only if the lease is still ours: writing
    /// takes time, and a process may sleep. Whoever took the lease meanwhile is resolving this very intent.
    pub(super) async fn intend(&self, action: Action, token: Token) -> Result<IntentId, Failure> {
        let intent = Intent {
            plan: self.plan,
            step: self.step.id,
            key: self.step.key.clone(),
            action,
            token,
            at: self.run.world.clock.now(),
        };
        let id = self.run.ledger.append(&intent).await?;
        match self.run.check_lease() {
            Ok(()) => Ok(id),
            Err(lost) => Err(Failure {
                error: lost.into(),
                left: Left::OpenIntent,
            }),
        }
    }

    /// Writes what a call that was done changes, and what it took.
    pub(super) async fn done(
        &self,
        intent: IntentId,
        changes: Vec<RecordChange>,
        took: Duration,
    ) -> Result<How, Failure> {
        let resource_type = self.step.key.address.resource_type_str().to_owned();
        let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let duration = Some((resource_type, self.step.action.name().to_owned(), millis));
        let entry = Entry {
            closes: Some((intent, Outcome::Done)),
            changes,
            duration,
        };
        self.close_or(entry, StepError::Unrecorded).await?;
        Ok(How::Called)
    }

    /// Closes an intent. When that cannot be written the intent stays open, and the next run observes.
    pub(super) async fn close(&self, entry: Entry) -> Result<(), Failure> {
        self.close_or(entry, StepError::Journal).await
    }

    async fn close_or(&self, entry: Entry, otherwise: fn(StoreError) -> StepError) -> Result<(), Failure> {
        match self.run.ledger.commit(entry).await {
            Ok(_) => Ok(()),
            Err(error) => Err(Failure {
                error: otherwise(error),
                left: Left::OpenIntent,
            }),
        }
    }

    /// Changes the state alone.
    pub(super) async fn record(&self, changes: Vec<RecordChange>) -> Result<How, Failure> {
        self.run
            .ledger
            .commit(Entry {
                changes,
                ..Entry::default()
            })
            .await?;
        Ok(How::Recorded)
    }
}
