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
        known: &Known,
    ) -> Result<Observation, ProviderError> {
        let kind = self.kind(&known.key)?;
        let Some(observation) = pacer.ask(async || kind.examine(known).await).await? else {
            let message = format!("The provider did not say what became of `{}`", known.key);
            return Err(ProviderError::rejected(ErrorKind::Bug, "observe", message));
        };
        Ok(match observation {
            Observation::Absent => Observation::Absent,
            Observation::Present(observed) => {
                let schema = self.world.schema(known.key.address.resource_type_str());
                Observation::Present(sealed::observed(observed, schema, self.world.sealing))
            }
        })
    }

    /// Looks at one object until it is seen as expected, or what arrives late must have arrived; returns what was seen
    /// last.
    pub(crate) async fn look_until(
        &self,
        pacer: &mut Pacer<'_>,
        known: &Known,
        is_expected: impl Fn(&Observation) -> bool,
    ) -> Result<Observation, ProviderError> {
        for _ in 1..self.looks() {
            let seen = self.look(pacer, known).await?;
            if is_expected(&seen) {
                return Ok(seen);
            }
            tokio::time::sleep(self.world.policy.settling.pause).await;
        }
        self.look(pacer, known).await
    }

    /// Looks at the object of a record until nothing means nothing: new objects are shown late, by their identity too.
    pub(crate) async fn look_patiently(
        &self,
        pacer: &mut Pacer<'_>,
        record: &Record,
    ) -> Result<Observation, ProviderError> {
        let known = known(record);
        match record.recovery {
            RecoveryClass::Named => self.look(pacer, &known).await,
            RecoveryClass::Token | RecoveryClass::Tagged | RecoveryClass::Content => {
                self.look_until(pacer, &known, is_there).await
            }
        }
    }

    /// Returns how often to look before nothing means nothing.
    pub(crate) fn looks(&self) -> u32 {
        match self.world.provider.is_remote() {
            true => self.world.policy.settling.looks.max(1),
            false => 1,
        }
    }

    /// Returns the token of a call: never used for another call, and the same when the same run is simulated again.
    pub(crate) fn token(&self, plan: Digest, step: StepId, inputs: Digest) -> Token {
        let epoch = self.ledger.epoch().0;
        let text = format!("{} {plan} {} {epoch} {inputs}", self.lineage, step.0);
        // Half a digest is enough to be unique, and short enough for every cloud's tokens and tags.
        Token(Digest::of(text.as_bytes()).to_string()[..32].to_owned())
    }
}

/// Returns what a provider is told of a recorded object that it shall look at.
pub(crate) fn known(record: &Record) -> Known {
    Known {
        key: record.key.clone(),
        id: record.id.clone(),
        target: record.target.clone(),
        inputs: record.inputs.clone(),
    }
}

/// Tells whether an object was seen.
pub(crate) fn is_there(seen: &Observation) -> bool {
    *seen != Observation::Absent
}
