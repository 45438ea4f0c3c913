//! Lowering for the local provider: one file per kind of component, pure.

use infra_model::component::ComponentSpec;
use infra_provider::lowering::{LowerRequest, Lowered, Lowering};

use crate::postgres::facts::PostgresFacts;
use crate::redis::facts::RedisFacts;

pub mod anywhere;
pub mod blob_store;
pub mod key_vault;
pub mod network;
pub mod postgres;
pub mod redis;

/// Turns components into local resources, with what was found out about the machine beforehand.
#[derive(Debug)]
pub struct LocalLowering {
    /// What networks need to know.
    pub network: network::NetworkFacts,
    /// What PostgreSQL needs to know.
    pub postgres: PostgresFacts,
    /// What Redis needs to know.
    pub redis: RedisFacts,
}

impl Lowering for LocalLowering {
    fn lower(&self, request: &LowerRequest<'_>) -> Lowered {
        let component = request.component;
        match &component.spec {
            ComponentSpec::BlobStore(store) => blob_store::lower(component, store),
            ComponentSpec::KeyVault(vault) => key_vault::lower(component, vault),
            ComponentSpec::Network(network) => network::lower(component, network, &self.network),
            ComponentSpec::Postgres(postgres) => postgres::lower(component, postgres, &self.postgres),
            ComponentSpec::Redis(redis) => redis::lower(component, redis, &self.redis),
        }
    }
}
