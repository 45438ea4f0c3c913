//! Changing a replication group while it serves: one call after another, each waited for.
//!
//! The order is that in which the service takes them: failover is given up before its replicas go and asked for after they
//! came; a token needs TLS. Every step looks first, so that an update that was interrupted can simply be repeated.

use std::cmp::Ordering;

use aws_sdk_elasticache::operation::modify_replication_group::builders::ModifyReplicationGroupFluentBuilder;
use aws_sdk_elasticache::types::{AuthTokenUpdateStrategyType, ReplicationGroup, TransitEncryptionMode};
use infra_provider::error::{ErrorKind, ProviderError};
use infra_provider::request::{Applied, UpdateRequest};

use super::seen::{fails_over, is_multi_az, requires_tls};
use super::{look, nodes};
use crate::failure::failed;
use crate::kinds::elasticache::tagging;
use crate::kinds::inputs::{flag, malformed, number, optional_text, secret, texts};
use crate::kinds::objects::{Place, changes};

const MODIFY: &str = "elasticache.ModifyReplicationGroup";
/// The major version from which a group that exists takes TLS.
const TLS_FROM: u32 = 7;
const RESHARD: &str = "elasticache.ModifyReplicationGroupShardConfiguration";

/// What one call changes that nobody notices.
const SETTINGS: [&str; 6] = [
    "auto_minor_version_upgrade",
    "maintenance_window",
    "parameter_group",
    "security_groups",
    "snapshot_retention_days",
    "snapshot_window",
];

/// Changes a group and returns when it has become what it shall be.
pub(super) async fn update(place: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError> {
    let id = &request.id.0;
    let change = Change { place, request };
    // An earlier attempt may still be at work.
    let group = look::settled(place, id, MODIFY).await?;
    let arn = group.arn().unwrap_or_default().to_owned();
    change.give_up_failover(&group).await?;
    change.replicas().await?;
    change.shards().await?;
    change.ask_for_failover().await?;
    change.engine().await?;
    change.settings().await?;
    change.node_type().await?;
    change.transit_encryption().await?;
    change.token().await?;
    tagging::update(place, &arn, request).await?;
    look::applied(place, id).await
}

struct Change<'a> {
    place: &'a Place,
    request: &'a UpdateRequest,
}

impl Change<'_> {
    fn id(&self) -> &str {
        &self.request.id.0
    }

    fn is_about(&self, names: &[&str]) -> bool {
        changes(self.request, names)
    }

    fn wants(&self, name: &str) -> bool {
        flag(&self.request.inputs, name) == Some(true)
    }

    fn text(&self, name: &str) -> Option<String> {
        optional_text(&self.request.inputs, name).map(str::to_owned)
    }

    async fn now(&self) -> Result<ReplicationGroup, ProviderError> {
        look::settled(self.place, self.id(), MODIFY).await
    }

    async fn modify(
        &self,
        fill: impl FnOnce(ModifyReplicationGroupFluentBuilder) -> ModifyReplicationGroupFluentBuilder,
    ) -> Result<(), ProviderError> {
        let call = self
            .place
            .clients
            .elasticache()
            .modify_replication_group()
            .replication_group_id(self.id())
            .apply_immediately(true);
        fill(call).send().await.map_err(|error| failed(MODIFY, error))?;
        look::settled(self.place, self.id(), MODIFY).await.map(drop)
    }

    async fn give_up_failover(&self, group: &ReplicationGroup) -> Result<(), ProviderError> {
        if !self.is_about(&["automatic_failover", "multi_az"]) {
            return Ok(());
        }
        if fails_over(group) && !self.wants("automatic_failover") {
            let off = |call: ModifyReplicationGroupFluentBuilder| {
                call.automatic_failover_enabled(false).multi_az_enabled(false)
            };
            return self.modify(off).await;
        }
        if is_multi_az(group) && !self.wants("multi_az") {
            return self.modify(|call| call.multi_az_enabled(false)).await;
        }
        Ok(())
    }

    async fn ask_for_failover(&self) -> Result<(), ProviderError> {
        if !self.is_about(&["automatic_failover", "multi_az"]) {
            return Ok(());
        }
        let group = self.now().await?;
        let (fails_over, multi_az) = (self.wants("automatic_failover"), self.wants("multi_az"));
        if (fails_over && !super::seen::fails_over(&group)) || (multi_az && !is_multi_az(&group)) {
            let on = |call: ModifyReplicationGroupFluentBuilder| {
                call.automatic_failover_enabled(fails_over)
                    .multi_az_enabled(multi_az)
            };
            return self.modify(on).await;
        }
        Ok(())
    }

    async fn replicas(&self) -> Result<(), ProviderError> {
        if !self.is_about(&["replicas"]) {
            return Ok(());
        }
        let wanted = number(&self.request.inputs, "replicas").unwrap_or_default();
        let (too_few, are_all) = nodes::shards_with(&self.now().await?, Ordering::Less, wanted);
        if !too_few.is_empty() {
            let call = self.place.clients.elasticache().increase_replica_count();
            let call = call.replication_group_id(self.id()).apply_immediately(true);
            let call = if are_all {
                call.new_replica_count(wanted)
            } else {
                call.set_replica_configuration(Some(too_few))
            };
            let operation = "elasticache.IncreaseReplicaCount";
            call.send().await.map_err(|error| failed(operation, error))?;
        }
        let (too_many, are_all) = nodes::shards_with(&self.now().await?, Ordering::Greater, wanted);
        if !too_many.is_empty() {
            let call = self.place.clients.elasticache().decrease_replica_count();
            let call = call.replication_group_id(self.id()).apply_immediately(true);
            let call = if are_all {
                call.new_replica_count(wanted)
            } else {
                call.set_replica_configuration(Some(too_many))
            };
            let operation = "elasticache.DecreaseReplicaCount";
            call.send().await.map_err(|error| failed(operation, error))?;
        }
        self.now().await.map(drop)
    }

    async fn shards(&self) -> Result<(), ProviderError> {
        if !self.is_about(&["shards"]) {
            return Ok(());
        }
        let wanted = number(&self.request.inputs, "shards").ok_or_else(|| malformed("shards"))?;
        let group = self.now().await?;
        let (now, count) = (nodes::shards(&group), i64::from(wanted));
        if now == count {
            return Ok(());
        }
        let stay = usize::try_from(wanted).unwrap_or_default();
        let retained = (count < now).then(|| nodes::first_shards(&group, stay));
        let call = self
            .place
            .clients
            .elasticache()
            .modify_replication_group_shard_configuration()
            .replication_group_id(self.id())
            .node_group_count(wanted)
            .apply_immediately(true)
            .set_node_groups_to_retain(retained);
        call.send().await.map_err(|error| failed(RESHARD, error))?;
        look::settled(self.place, self.id(), RESHARD).await.map(drop)
    }

    /// A new version may be of another family: its parameter group comes with it.
    async fn engine(&self) -> Result<(), ProviderError> {
        if !self.is_about(&["engine", "engine_version"]) {
            return Ok(());
        }
        let seen = look::one(self.place, self.id()).await?;
        let (engine, version) = (self.text("engine"), self.text("engine_version"));
        let same_engine = engine.is_none() || engine.as_deref() == seen.group.engine();
        if same_engine && version == seen.engine_version() {
            return Ok(());
        }
        let parameters = self.text("parameter_group");
        self.modify(|call| {
            call.set_engine(engine.filter(|_| !same_engine))
                .set_engine_version(version)
                .set_cache_parameter_group_name(parameters)
        })
        .await
    }

    async fn settings(&self) -> Result<(), ProviderError> {
        if !self.is_about(&SETTINGS) {
            return Ok(());
        }
        let (inputs, group) = (&self.request.inputs, self.now().await?);
        let days = number(inputs, "snapshot_retention_days");
        let in_cluster = group.cluster_enabled() == Some(true);
        let needs_source =
            days.is_some_and(|days| days > 0) && !in_cluster && group.snapshotting_cluster_id().is_none();
        let source = nodes::to_snapshot(&group)
            .filter(|_| needs_source)
            .map(str::to_owned);
        let security = self
            .is_about(&["security_groups"])
            .then(|| texts(inputs, "security_groups"));
        self.modify(|call| {
            call.set_preferred_maintenance_window(self.text("maintenance_window"))
                .set_snapshot_window(self.text("snapshot_window"))
                .set_snapshot_retention_limit(days)
                .set_snapshotting_cluster_id(source)
                .set_auto_minor_version_upgrade(flag(inputs, "auto_minor_version_upgrade"))
                .set_cache_parameter_group_name(self.text("parameter_group"))
                .set_security_group_ids(security)
        })
        .await
    }

    async fn node_type(&self) -> Result<(), ProviderError> {
        let wanted = self.text("node_type");
        if !self.is_about(&["node_type"]) || wanted.as_deref() == self.now().await?.cache_node_type() {
            return Ok(());
        }
        self.modify(|call| call.set_cache_node_type(wanted)).await
    }

    /// For a time both kinds of client are let in, so that none is cut off while nodes change.
    async fn transit_encryption(&self) -> Result<(), ProviderError> {
        let wanted = self.wants("transit_encryption");
        let group = self.now().await?;
        if !self.is_about(&["transit_encryption"]) || wanted == requires_tls(&group) {
            return Ok(());
        }
        let both = TransitEncryptionMode::Preferred;
        if wanted {
            self.takes_tls().await?;
            if group.transit_encryption_enabled() != Some(true) {
                self.modify(|call| {
                    call.transit_encryption_enabled(true)
                        .transit_encryption_mode(both)
                })
                .await?;
            }
            let only = TransitEncryptionMode::Required;
            return self.modify(|call| call.transit_encryption_mode(only)).await;
        }
        self.modify(|call| call.transit_encryption_mode(both)).await?;
        self.modify(|call| call.transit_encryption_enabled(false)).await
    }

    /// A group that exists takes TLS from version 7 on. Source: "In-transit encryption (TLS) in ElastiCache", "Enabling in-transit
    /// encryption on an existing cluster", of the user guide.
    async fn takes_tls(&self) -> Result<(), ProviderError> {
        let seen = look::one(self.place, self.id()).await?;
        let version = seen.engine_version().unwrap_or_default();
        let major = version
            .split('.')
            .next()
            .and_then(|major| major.parse::<u32>().ok());
        if major.is_none_or(|major| major >= TLS_FROM) {
            return Ok(());
        }
        let message = format!(
            "`{}` has version {version}, and a group that exists takes TLS from {TLS_FROM} on",
            self.id()
        );
        let hint = format!("Set `version = {TLS_FROM}`: the same apply upgrades it and brings TLS in");
        Err(ProviderError::rejected(ErrorKind::Invalid, MODIFY, message).hint(hint))
    }

    /// The new token is added, then it alone opens. A token that was added before is added again: it changes nothing.
    async fn token(&self) -> Result<(), ProviderError> {
        if !self.is_about(&["auth", "auth_token"]) {
            return Ok(());
        }
        let token = secret(&self.request.inputs, "auth_token").ok_or_else(|| malformed("auth_token"))?;
        for strategy in [
            AuthTokenUpdateStrategyType::Rotate,
            AuthTokenUpdateStrategyType::Set,
        ] {
            self.modify(|call| call.auth_token(token).auth_token_update_strategy(strategy))
                .await?;
        }
        Ok(())
    }
}
