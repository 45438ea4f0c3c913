//! The local provider of one environment: what was found out about the machine, and the kinds of resource.

use std::sync::Arc;

use async_trait::async_trait;
use infra_model::schema::SchemaSet;
use infra_provider::error::ProviderError;
use infra_provider::kind::KindSet;
use infra_provider::lowering::Lowering;
use infra_provider::provider::Provider;
use infra_provider::rest::Rest;

use crate::blob::kind::StoreKind;
use crate::blob::kind::schema as blob;
use crate::blob::site::BlobSite;
use crate::home;
use crate::host::capability::probe;
use crate::host::programs::Programs;
use crate::lower::LocalLowering;
use crate::lower::network::NetworkFacts;
use crate::network::kind::router::{self, RouterKind};
use crate::network::kind::rules::{self, RulesKind};
use crate::network::kind::segment::{self, SegmentKind};
use crate::network::site::Site;
use crate::postgres::facts::discover;
use crate::postgres::kind::database::{self, DatabaseKind};
use crate::postgres::kind::pooler::{self, PoolerKind};
use crate::postgres::kind::replica::{self, ReplicaKind};
use crate::postgres::kind::role::{self, RoleKind};
use crate::postgres::kind::seed::{self, SeedKind};
use crate::postgres::kind::server::{self, ServerKind};
use crate::postgres::site::PostgresSite;
use crate::redis;
use crate::redis::kind::cluster::ClusterKind as RedisClusterKind;
use crate::redis::kind::server::ServerKind as RedisServerKind;
use crate::redis::site::RedisSite;
use crate::rest::RestFile;
use crate::settings::LocalSettings;
use crate::tls::authority::AuthoritySite;
use crate::vault;
use crate::vault::kind::SecretKind;

/// Returns the types of resource that the provider manages, whatever the machine has.
#[must_use]
pub fn schemas() -> SchemaSet {
    SchemaSet::new([
        vault::kind::schema(),
        router::schema(),
        segment::schema(),
        rules::schema(),
        server::schema(),
        replica::schema(),
        role::schema(),
        database::schema(),
        seed::schema(),
        pooler::schema(),
        redis::kind::schema::server(),
        redis::kind::schema::replica(),
        blob::schema(),
        redis::kind::schema::cluster(),
    ])
}

/// Manages servers, networks and secrets of one environment on this machine.
#[derive(Debug)]
pub struct LocalProvider {
    kinds: KindSet,
    lowering: LocalLowering,
    rest: RestFile,
}

impl LocalProvider {
    /// Finds out what the machine has and returns the provider.
    ///
    /// # Errors
    ///
    /// When the machine cannot be looked at.
    pub async fn connect(settings: LocalSettings) -> Result<Self, ProviderError> {
        let programs = Programs::new(settings.path.clone());
        let (capability, postgres, redis) = tokio::join!(
            probe(&programs),
            discover(&settings.servers, &programs),
            redis::facts::discover(&settings.servers, &programs)
        );
        let enforcement = capability.enforcement;
        let site = Arc::new(Site::new(settings.folder.join("network"), programs));
        let servers = Arc::new(PostgresSite::new(&settings, site.clone()));
        let authority = Arc::new(AuthoritySite::new(&settings));
        let redis_site = Arc::new(RedisSite::new(&settings, site.clone(), authority));
        let kinds = KindSet::new(vec![
            Box::new(SecretKind::new(&settings)),
            Box::new(RouterKind::new(
                site.clone(),
                settings.folder.clone(),
                settings.lineage.clone(),
            )),
            Box::new(SegmentKind::new(site.clone(), settings.lineage.clone())),
            Box::new(RulesKind::new(site)),
            Box::new(ServerKind::new(servers.clone())),
            Box::new(ReplicaKind::new(servers.clone())),
            Box::new(RoleKind::new(servers.clone())),
            Box::new(DatabaseKind::new(servers.clone())),
            Box::new(SeedKind::new(servers.clone())),
            Box::new(PoolerKind::new(servers.clone())),
            Box::new(RedisServerKind::servers(redis_site.clone())),
            Box::new(RedisServerKind::replicas(redis_site.clone())),
            Box::new(RedisClusterKind::new(redis_site)),
            Box::new(StoreKind::new(BlobSite::new(&settings, servers))),
        ]);
        let network = NetworkFacts {
            environment: settings.folder,
            enforcement,
        };
        Ok(LocalProvider {
            kinds,
            rest: RestFile::new(&network.environment),
            lowering: LocalLowering {
                network,
                postgres,
                redis,
            },
        })
    }
}

#[async_trait]
impl Provider for LocalProvider {
    fn name(&self) -> &'static str {
        "local"
    }

    fn kinds(&self) -> &KindSet {
        &self.kinds
    }

    fn is_remote(&self) -> bool {
        false
    }

    fn lowering(&self) -> &dyn Lowering {
        &self.lowering
    }

    fn rest(&self) -> Option<&dyn Rest> {
        Some(&self.rest)
    }

    async fn verify_target(&self) -> Result<(), ProviderError> {
        home::check(&self.lowering.network.environment)
    }
}
