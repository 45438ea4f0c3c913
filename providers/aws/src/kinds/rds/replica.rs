//! `aws.rds.replica`: a server that follows an instance and answers reads, in its region or in another.
//!
//! Promoted, it is on its own from then on: it does not become a replica again.

use async_trait::async_trait;
use aws_sdk_rds::operation::create_db_instance_read_replica::builders::CreateDBInstanceReadReplicaFluentBuilder;
use aws_sdk_rds::types::DbInstance;
use infra_model::record::ObjectId;
use infra_model::schema::{RecoveryClass, ResourceSchema};
use infra_model::value::{Attributes, Value};
use infra_provider::error::{ErrorKind, ProviderError};
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, UpdateRequest};

use super::database::{change, look, reboot, removal, schema, settle, status};
use super::tagging;
use crate::failure::{failed, half_done};
use crate::kinds::inputs::{disruptive, flag, named, number, optional, optional_text, replaces, text, texts};
use crate::kinds::objects::{Found, Objects, Place, Which, changes};

/// The type.
pub const REPLICA: &str = "aws.rds.replica";

const PROMOTE: &str = "rds.PromoteReadReplica";
/// What a replica goes through with its source.
const UPGRADE: &str = "wait until RDS has upgraded a replica";

/// Manages replicas.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Replica;

#[async_trait]
impl Objects for Replica {
    fn schema(&self) -> ResourceSchema {
        let mut attributes = schema::attributes();
        attributes.extend(named([
            (
                "source",
                replaces("The ARN of the instance that it follows, or followed"),
            ),
            (
                "promoted",
                disruptive("Whether it is on its own: it answers writes and follows nobody")
                    .default_value(false)
                    .stands_alone(),
            ),
            (
                "version",
                disruptive(
                    "Its major version; RDS upgrades one that follows in the same region with its source",
                ),
            ),
            (
                "subnet_group",
                replaces("The subnets that it may stand in; none: those of its source"),
            ),
        ]));
        ResourceSchema {
            resource_type: REPLICA.parse().expect("a well-formed type"),
            summary: "A server that follows another and answers reads".to_owned(),
            version: 1,
            recovery: RecoveryClass::Named,
            attributes,
            outputs: schema::outputs(),
            holds_data: false,
            create_before_destroy: false,
            typical: schema::TYPICAL,
        }
    }

    fn leaves(&self) -> Option<&'static str> {
        Some(
            "its logs in CloudWatch and, of one that was promoted, a final snapshot unless that is not wanted",
        )
    }

    async fn list(&self, place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
        Ok(look::list(place, which).await?.iter().map(found).collect())
    }

    async fn create(&self, place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let name = text(&request.inputs, "name")?;
        let call = operated(asked(place, request)?, &request.inputs);
        let operation = "rds.CreateDBInstanceReadReplica";
        let sent = call.clone().send().await;
        let sent = sent.map(drop).map_err(|error| failed(operation, error));
        if removal::has_freed_its_name(place, name, sent).await? {
            call.send().await.map_err(|error| failed(operation, error))?;
        }
        let made = settle::settled(place, name, (operation, settle::CREATE), |_| true).await?;
        let whole = completed(place, &request.inputs, made).await.map_err(half_done)?;
        Ok(applied(&whole))
    }

    async fn update(&self, place: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let mut seen = change::subject(place, request).await?;
        if changes(request, &["promoted"]) && is_promoted(&seen) != wants_promotion(&request.inputs) {
            seen = promote(place, request).await?;
        }
        let becomes = text(&request.inputs, "version").unwrap_or_default();
        let is_upgraded = changes(request, &["version"]) && look::major(&seen) != Some(becomes);
        if is_upgraded && !is_promoted(&seen) {
            // What comes with the version, such as the parameter group, is taken only after it.
            let has = |database: &DbInstance| look::major(database) == Some(becomes);
            seen = settle::settled(place, &request.id.0, (UPGRADE, settle::CHANGE), has).await?;
        }
        let upgrades_itself = is_upgraded && is_promoted(&seen);
        let mut modification = change::modification(place, request, seen)?;
        if upgrades_itself {
            modification.set_version(&request.inputs);
        }
        let schema = self.schema();
        Ok(applied(
            &change::carry_out(place, request, modification, &schema, found).await?,
        ))
    }

    async fn delete(&self, place: &Place, request: &DeleteRequest) -> Result<(), ProviderError> {
        removal::delete(place, request).await
    }

    async fn outlast(&self, place: &Place, id: &ObjectId) -> Result<bool, ProviderError> {
        removal::outlasted(place, &id.0).await
    }
}

fn wants_promotion(inputs: &Attributes) -> bool {
    flag(inputs, "promoted") == Some(true)
}

fn is_promoted(database: &DbInstance) -> bool {
    database.read_replica_source_db_instance_identifier().is_none()
}

/// Does for a new replica what the call that makes it does not take: of PostgreSQL that is the parameter group, which a near one
/// has from its source, and of every engine the time of its maintenance.
///
/// Source: CreateDBInstanceReadReplica, `DBParameterGroupName`, and its refusal "A parameter group can't be specified during Read
/// Replica creation for the following DB engine: postgres".
async fn completed(
    place: &Place,
    inputs: &Attributes,
    made: DbInstance,
) -> Result<DbInstance, ProviderError> {
    let (name, seen) = (text(inputs, "name")?, look::found(&made).attributes);
    let differing = |name: &str| {
        let wanted = optional_text(inputs, name)?;
        let is_so = seen.get(name).and_then(Value::as_str) == Some(wanted);
        (!is_so).then(|| wanted.to_owned())
    };
    let (group, window) = (differing("parameter_group"), differing("maintenance_window"));
    let mut replica = made;
    if group.is_some() || window.is_some() {
        let call = place
            .clients
            .rds()
            .modify_db_instance()
            .db_instance_identifier(name)
            .apply_immediately(true)
            .set_db_parameter_group_name(group.clone())
            .set_preferred_maintenance_window(window);
        call.send().await.map_err(|error| failed(change::MODIFY, error))?;
        let has_group =
            |database: &DbInstance| group.as_deref().is_none_or(|group| look::uses(database, group));
        replica = settle::settled(place, name, (change::MODIFY, settle::CHANGE), has_group).await?;
        if status::wants_restart(&replica) {
            replica = reboot::now(place, name).await?;
        }
    }
    if wants_promotion(inputs) {
        return promoted(place, name, inputs).await;
    }
    Ok(replica)
}

/// Makes a replica stand on its own. The other way there is none.
async fn promote(place: &Place, request: &UpdateRequest) -> Result<DbInstance, ProviderError> {
    let (name, inputs) = (&request.id.0, &request.inputs);
    if !wants_promotion(inputs) {
        let message =
            format!("`{name}` was promoted, and what was promoted does not follow its source again");
        let hint = format!(
            "Name it in `promote` of its component's block `aws` to keep it, or have it made anew, without what was written to it: infra apply --replace {}",
            request.address
        );
        return Err(ProviderError::rejected(ErrorKind::Invalid, PROMOTE, message).hint(hint));
    }
    promoted(place, name, inputs).await
}

async fn promoted(place: &Place, name: &str, inputs: &Attributes) -> Result<DbInstance, ProviderError> {
    let call = place
        .clients
        .rds()
        .promote_read_replica()
        .db_instance_identifier(name)
        .set_backup_retention_period(number(inputs, "backup_retention_days"))
        .set_preferred_backup_window(optional_text(inputs, "backup_window").map(str::to_owned));
    call.send().await.map_err(|error| failed(PROMOTE, error))?;
    settle::settled(place, name, (PROMOTE, settle::CHANGE), is_promoted).await
}

/// Returns the call that makes a replica: what it is and where it stands.
fn asked(
    place: &Place,
    request: &CreateRequest,
) -> Result<CreateDBInstanceReadReplicaFluentBuilder, ProviderError> {
    let inputs = &request.inputs;
    let owned = |name: &str| optional_text(inputs, name).map(str::to_owned);
    let source = text(inputs, "source")?;
    let (region, source_name) = parts(source);
    let is_near = region == place.clients.region;
    let call = place.clients.rds().create_db_instance_read_replica();
    Ok(call
        .db_instance_identifier(text(inputs, "name")?)
        // The key and the subnets of a near one are those of its source.
        .source_db_instance_identifier(if is_near { source_name } else { source })
        .set_kms_key_id(owned("kms_key").filter(|_| !is_near))
        .set_db_subnet_group_name(owned("subnet_group"))
        .db_instance_class(text(inputs, "instance_class")?)
        .storage_type(optional_text(inputs, "storage_type").unwrap_or("gp3"))
        // Its storage is as large as that of its source, which RDS may have grown.
        .set_max_allocated_storage(number(inputs, "storage_max_gb"))
        .set_iops(number(inputs, "iops"))
        .set_storage_throughput(number(inputs, "storage_throughput"))
        .set_vpc_security_group_ids(Some(texts(inputs, "security_groups")))
        .set_port(number(inputs, "port"))
        .set_tags(Some(tagging::tags_of(&place.tags_of_new(request)))))
}

/// Returns it with how it is operated. It keeps no backups while it follows.
fn operated(
    call: CreateDBInstanceReadReplicaFluentBuilder,
    inputs: &Attributes,
) -> CreateDBInstanceReadReplicaFluentBuilder {
    let owned = |name: &str| optional_text(inputs, name).map(str::to_owned);
    let is_watched = flag(inputs, "performance_insights") == Some(true);
    call.multi_az(flag(inputs, "multi_az").unwrap_or(false))
        .publicly_accessible(flag(inputs, "publicly_accessible").unwrap_or(false))
        .deletion_protection(flag(inputs, "deletion_protection").unwrap_or(false))
        .copy_tags_to_snapshot(flag(inputs, "copy_tags_to_snapshot").unwrap_or(false))
        .set_auto_minor_version_upgrade(flag(inputs, "auto_minor_version_upgrade"))
        .enable_performance_insights(is_watched)
        .set_performance_insights_retention_period(
            number(inputs, "performance_insights_days").filter(|_| is_watched),
        )
        .set_performance_insights_kms_key_id(owned("kms_key").filter(|_| is_watched))
        .set_enable_cloudwatch_logs_exports(Some(texts(inputs, "log_exports")))
        .set_ca_certificate_identifier(owned("ca_certificate"))
        .set_enable_iam_database_authentication(flag(inputs, "iam_authentication"))
}

/// Returns region and name in an ARN: `arn:aws:rds:eu-west-1:123456789012:db:<name>`.
fn parts(arn: &str) -> (&str, &str) {
    let mut parts = arn.split(':').skip(3);
    let region = parts.next().unwrap_or_default();
    (region, parts.last().unwrap_or(arn))
}

/// Returns the ARN of a replica's source: near ones are told by their name alone.
fn source_of(database: &DbInstance) -> Option<String> {
    let source = database.read_replica_source_db_instance_identifier()?;
    if source.starts_with("arn:") {
        return Some(source.to_owned());
    }
    let (place, _) = database.db_instance_arn()?.rsplit_once(':')?;
    Some(format!("{place}:{source}"))
}

fn is_far(database: &DbInstance) -> bool {
    let source = database.read_replica_source_db_instance_identifier();
    source.is_some_and(|source| source.starts_with("arn:"))
}

fn found(database: &DbInstance) -> Found {
    let mut found = look::found(database);
    found
        .attributes
        .insert("promoted".to_owned(), Value::from(is_promoted(database)));
    found
        .attributes
        .insert("version".to_owned(), optional(look::major(database)));
    if is_far(database) {
        let group = database.db_subnet_group();
        let group = group.and_then(|group| group.db_subnet_group_name());
        found
            .attributes
            .extend(group.map(|group| ("subnet_group".to_owned(), Value::string(group))));
    } else {
        // Key and subnets of a near one are those of its source: nobody asks for them.
        found.attributes.remove("kms_key");
    }
    // Nobody tells whom one followed that was promoted.
    found
        .attributes
        .extend(source_of(database).map(|source| ("source".to_owned(), Value::String(source))));
    found
}

fn applied(database: &DbInstance) -> Applied {
    Applied {
        id: look::id_of(database),
        outputs: look::outputs(database),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_source_is_named_by_its_arn_too() {
        let replica = DbInstance::builder()
            .db_instance_arn("arn:aws:rds:eu-west-1:1:db:replica")
            .read_replica_source_db_instance_identifier("primary")
            .build();
        let source = source_of(&replica);
        assert_eq!(source.as_deref(), Some("arn:aws:rds:eu-west-1:1:db:primary"));
        assert_eq!(parts(source.as_deref().unwrap()), ("eu-west-1", "primary"));
    }
}
