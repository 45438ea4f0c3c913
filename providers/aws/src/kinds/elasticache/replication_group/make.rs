//! Making and deleting replication groups.

use aws_sdk_elasticache::operation::create_replication_group::builders::CreateReplicationGroupFluentBuilder;
use aws_sdk_elasticache::types::ClusterMode;
use infra_model::value::Attributes;
use infra_provider::error::ProviderError;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest};

use super::look;
use crate::failure::{failed, half_done, is_absent};
use crate::kinds::elasticache::tagging;
use crate::kinds::inputs::{flag, number, optional_text, secret, text, texts};
use crate::kinds::objects::Place;

/// How many characters of a call's token tell final snapshots of one name apart.
const TOKEN_CHARS: usize = 8;

/// Makes a group and returns when it is usable.
pub(super) async fn create(place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
    let (inputs, name) = (&request.inputs, text(&request.inputs, "name")?);
    let call = place
        .clients
        .elasticache()
        .create_replication_group()
        .replication_group_id(name)
        .replication_group_description(optional_text(inputs, "description").unwrap_or_default())
        .set_tags(Some(tagging::tags_of(&place.tags_of_new(request))));
    let call = with_upkeep(with_access(with_nodes(call, inputs), inputs), inputs);
    call.send()
        .await
        .map_err(|error| failed("elasticache.CreateReplicationGroup", error))?;
    look::settled(place, name, "elasticache.CreateReplicationGroup").await?;
    look::applied(place, name).await.map_err(half_done)
}

fn with_nodes(
    call: CreateReplicationGroupFluentBuilder,
    inputs: &Attributes,
) -> CreateReplicationGroupFluentBuilder {
    let replicas = number(inputs, "replicas").unwrap_or_default();
    let call = call
        .set_engine(owned(inputs, "engine"))
        .set_engine_version(owned(inputs, "engine_version"))
        .set_cache_parameter_group_name(owned(inputs, "parameter_group"))
        .set_cache_node_type(owned(inputs, "node_type"))
        .set_automatic_failover_enabled(flag(inputs, "automatic_failover"))
        .set_multi_az_enabled(flag(inputs, "multi_az"));
    if flag(inputs, "cluster") == Some(true) {
        call.cluster_mode(ClusterMode::Enabled)
            .set_num_node_groups(number(inputs, "shards"))
            .replicas_per_node_group(replicas)
    } else {
        call.num_cache_clusters(replicas + 1)
    }
}

fn with_access(
    call: CreateReplicationGroupFluentBuilder,
    inputs: &Attributes,
) -> CreateReplicationGroupFluentBuilder {
    call.set_cache_subnet_group_name(owned(inputs, "subnet_group"))
        .set_security_group_ids(Some(texts(inputs, "security_groups")))
        .set_port(number(inputs, "port"))
        .set_transit_encryption_enabled(flag(inputs, "transit_encryption"))
        .set_auth_token(secret(inputs, "auth_token").map(str::to_owned))
        .set_at_rest_encryption_enabled(flag(inputs, "at_rest_encryption"))
        .set_kms_key_id(owned(inputs, "kms_key"))
}

fn with_upkeep(
    call: CreateReplicationGroupFluentBuilder,
    inputs: &Attributes,
) -> CreateReplicationGroupFluentBuilder {
    call.set_snapshot_retention_limit(number(inputs, "snapshot_retention_days"))
        .set_snapshot_window(owned(inputs, "snapshot_window"))
        .set_preferred_maintenance_window(owned(inputs, "maintenance_window"))
        .set_auto_minor_version_upgrade(flag(inputs, "auto_minor_version_upgrade"))
}

/// Deletes a group with all its nodes and returns when it is gone.
pub(super) async fn delete(place: &Place, request: &DeleteRequest) -> Result<(), ProviderError> {
    let id = &request.id.0;
    let Some(group) = look::group(place, id).await? else {
        return Ok(());
    };
    if !look::is_going(&group) {
        let is_whole = group.status() != Some("create-failed");
        let keeps = is_whole && flag(&request.inputs, "final_snapshot") == Some(true);
        let call = place
            .clients
            .elasticache()
            .delete_replication_group()
            .replication_group_id(id)
            .set_final_snapshot_identifier(keeps.then(|| final_snapshot(request)));
        match call
            .send()
            .await
            .map_err(|error| failed("elasticache.DeleteReplicationGroup", error))
        {
            Err(error) if is_absent(&error) => return Ok(()),
            Err(error) => return Err(error),
            Ok(_) => {}
        }
    }
    look::gone(place, id).await
}

/// Returns the name of the snapshot that stays: one per deletion, however often its call is repeated.
fn final_snapshot(request: &DeleteRequest) -> String {
    let token: String = request.token.0.chars().take(TOKEN_CHARS).collect();
    format!("{}-final-{token}", request.id.0)
}

fn owned(inputs: &Attributes, name: &str) -> Option<String> {
    optional_text(inputs, name).map(str::to_owned)
}
