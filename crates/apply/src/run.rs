//! What the steps of one run share.

use infra_model::digest::Digest;
use infra_model::journal::Token;
use infra_model::plan::StepId;
use infra_model::record::{Record, RecordKey};
use infra_model::schema::RecoveryClass;
use infra_model::snapshot::{Lineage, Observation};
use infra_provider::error::{ErrorKind, ProviderError};
use infra_provider::kind::ResourceKind;
use infra_provider::request::Known;

use crate::gate::Gate;
use crate::interrupt::Interrupt;
use crate::lease::{Holding, LeaseLost};
use crate::ledger::Ledger;
use crate::pacer::Pacer;
use crate::sealed;
use crate::world::World;

/// What the steps of one run share.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    pub(crate) world: World<'a>,
    pub(crate) ledger: Ledger<'a>,
    pub(crate) gate: Gate,
    pub(crate) interrupt: Interrupt,
    pub(crate) holding: &'a Holding,
    pub(crate) lineage: Lineage,
}

impl Run<'_> {
    pub(crate) fn kind(&self, key: &RecordKey) -> Result<&dyn ResourceKind, ProviderError> {
        self.world.provider.kinds().get(key.address.resource_type_str())
    }

    /// Checks that the lease is still ours; nothing may be asked of the provider that changes something otherwise.
    pub(crate) fn check_lease(&self) -> Result<(), LeaseLost> {
        self.holding.check(self.world.clock.now())
    }

    /// Returns a pacer whose pauses differ from those of other steps.
    pub(crate) fn pacer(&self, salt: u64) -> Pacer<'_> {
        let seed = self.world.policy.seed ^ salt.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Pacer::new(self.world.policy.retry, seed, &self.interrupt)
    }

    /// Looks at one object; secrets in the answer are sealed.
    pub(crate) async fn look(
        &self,
        pacer: &mut Pacer<'_>,
        record: &Record,
    ) -> Result<Observation, ProviderError> {
        let kind = self.kind(&record.key)?;
        let known = Known {
            key: record.key.clone(),
            id: record.id.clone(),
            target: record.target.clone(),
            inputs: record.inputs.clone(),
        };
        let Some(observation) = pacer.ask(async || kind.examine(&known).await).await? else {
            let message = format!("The provider did not say what became of `{}`", record.key);
            return Err(ProviderError::rejected(ErrorKind::Bug, "observe", message));
        };
        Ok(match observation {
            Observation::Absent => Observation::Absent,
            Observation::Present(observed) => {
                let schema = self.world.schema(record.key.address.resource_type_str());
                Observation::Present(sealed::observed(observed, schema, self.world.sealing))
            }
        })
    }

    /// Looks at one object until nothing means nothing: lists show new objects late, by their identity too.
    pub(crate) async fn look_patiently(
        &self,
        pacer: &mut Pacer<'_>,
        record: &Record,
    ) -> Result<Observation, ProviderError> {
        let looks = match record.recovery {
            RecoveryClass::Named => 1,
            RecoveryClass::Token | RecoveryClass::Tagged | RecoveryClass::Content => self.looks(),
        };
        for _ in 1..looks {
            let seen = self.look(pacer, record).await?;
            if seen != Observation::Absent {
                return Ok(seen);
            }
            tokio::time::sleep(self.world.policy.settling.pause).await;
        }
        self.look(pacer, record).await
    }

    /// Returns how often to look before nothing means nothing.
    pub(crate) fn looks(&self) -> u32 {
        self.world.policy.settling.looks.max(1)
    }

    /// Returns the token of a call: never used for another call, and the same when the same run is simulated again.
    pub(crate) fn token(&self, plan: Digest, step: StepId, inputs: Digest) -> Token {
        let epoch = self.ledger.epoch().0;
        let text = format!("{} {plan} {} {epoch} {inputs}", self.lineage, step.0);
        // Half a digest is enough to be unique, and short enough for every cloud's tokens and tags.
        Token(Digest::of(text.as_bytes()).to_string()[..32].to_owned())
    }
}
