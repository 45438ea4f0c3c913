//! The provider of one environment: a connection to its account, and the kinds of resource.

use std::sync::Arc;

use async_trait::async_trait;
use infra_model::schema::SchemaSet;
use infra_provider::error::ProviderError;
use infra_provider::foreign::Translating;
use infra_provider::kind::KindSet;
use infra_provider::lowering::Lowering;
use infra_provider::provider::Provider;

use crate::connection::{Connection, target};
use crate::kinds;
use crate::lower::AwsLowering;
use crate::settings::AwsSettings;
use crate::terraform::Terraform;

/// Returns the types of resource that the provider manages.
#[must_use]
pub fn schemas() -> SchemaSet {
    SchemaSet::new(kinds::schemas())
}

/// Manages the objects of one environment in one account.
#[derive(Debug)]
pub struct AwsProvider {
    connection: Arc<Connection>,
    kinds: KindSet,
    lowering: AwsLowering,
    terraform: Terraform,
}

impl AwsProvider {
    /// Finds credentials and returns the provider; nothing is asked of the account yet.
    pub async fn connect(settings: AwsSettings) -> Self {
        let terraform = Terraform::of(&settings);
        let connection = Arc::new(Connection::open(settings).await);
        AwsProvider {
            kinds: KindSet::new(kinds::all(&connection)),
            lowering: AwsLowering,
            terraform,
            connection,
        }
    }
}

#[async_trait]
impl Provider for AwsProvider {
    fn name(&self) -> &'static str {
        "aws"
    }

    fn kinds(&self) -> &KindSet {
        &self.kinds
    }

    fn lowering(&self) -> &dyn Lowering {
        &self.lowering
    }

    fn translating(&self) -> Option<&dyn Translating> {
        Some(&self.terraform)
    }

    async fn verify_target(&self) -> Result<(), ProviderError> {
        target::verify(&self.connection).await
    }
}
