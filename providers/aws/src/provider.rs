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
use crate::kinds::cloudwatch::alarm::ALARM;
use crate::kinds::ec2::security_group::SECURITY_GROUP;
use crate::kinds::ec2::subnet::SUBNET;
use crate::kinds::kms::alias::ALIAS;
use crate::kinds::postgres_sql::database::DATABASE;
use crate::kinds::postgres_sql::role::ROLE;
use crate::kinds::{self, elasticache, rds};
use crate::lower::AwsLowering;
use crate::settings::AwsSettings;
use crate::terraform::Terraform;

/// Returns the types of resource that the provider manages.
#[must_use]
pub fn schemas() -> SchemaSet {
    SchemaSet::new(kinds::schemas()).unnoticed(&UNNOTICED)
}

/// Types whose objects nobody misses: alarms watch, aliases are names for people, and AWS deletes no object of the others while anything
/// uses it.
const UNNOTICED: [&str; 8] = [
    ALARM,
    ALIAS,
    SECURITY_GROUP,
    SUBNET,
    elasticache::parameter_group::PARAMETER_GROUP,
    elasticache::subnet_group::SUBNET_GROUP,
    rds::parameter_group::PARAMETER_GROUP,
    rds::subnet_group::SUBNET_GROUP,
];

/// Types whose objects live in an instance, and go with it.
const WITHIN: [&str; 2] = [DATABASE, ROLE];

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
            kinds: KindSet::new(kinds::all(&connection))
                .unnoticed(&UNNOTICED)
                .within(&WITHIN),
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
