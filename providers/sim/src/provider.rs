//! The provider: an account of the cloud as one state sees it.

use async_trait::async_trait;
use infra_model::schema::RecoveryClass;
use infra_model::snapshot::Lineage;
use infra_provider::error::{ErrorKind, ProviderError};
use infra_provider::foreign::Translating;
use infra_provider::kind::{KindSet, ResourceKind};
use infra_provider::lowering::Lowering;
use infra_provider::provider::Provider;

use crate::cloud::Cloud;
use crate::foreign::SimTranslating;
use crate::kind::Thing;
use crate::lower::SimLowering;

/// Manages objects in the simulated cloud for one state.
#[derive(Debug)]
pub struct SimProvider {
    cloud: Cloud,
    account: String,
    kinds: KindSet,
    lowering: SimLowering,
}

impl SimProvider {
    /// Returns the provider of a state for the account that its environment names.
    #[must_use]
    pub fn connect(cloud: &Cloud, account: &str, lineage: &Lineage) -> Self {
        let classes = [
            RecoveryClass::Named,
            RecoveryClass::Token,
            RecoveryClass::Tagged,
            RecoveryClass::Content,
        ];
        let kinds = classes.map(|class| {
            let thing = Thing {
                class,
                cloud: cloud.clone(),
                lineage: lineage.clone(),
            };
            Box::new(thing) as Box<dyn ResourceKind>
        });
        SimProvider {
            cloud: cloud.clone(),
            account: account.to_owned(),
            kinds: KindSet::new(kinds.into()),
            lowering: SimLowering,
        }
    }
}

#[async_trait]
impl Provider for SimProvider {
    fn name(&self) -> &'static str {
        "sim"
    }

    fn kinds(&self) -> &KindSet {
        &self.kinds
    }

    fn translating(&self) -> Option<&dyn Translating> {
        Some(&SimTranslating)
    }

    fn lowering(&self) -> &dyn Lowering {
        &self.lowering
    }

    async fn verify_target(&self) -> Result<(), ProviderError> {
        let account = self.cloud.account();
        if account == self.account {
            return Ok(());
        }
        let message = format!(
            "The credentials belong to account `{account}`, not `{}`",
            self.account
        );
        Err(ProviderError::rejected(ErrorKind::Denied, "sim.WhoAmI", message)
            .hint("Sign in to the account that the environment names"))
    }
}
