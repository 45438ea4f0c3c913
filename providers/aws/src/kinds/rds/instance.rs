//! `aws.rds.instance`: a PostgreSQL server, with a standby in another zone where that is asked for.
//!
//! Its master user is `postgres`. RDS makes and rotates its password and keeps it in Secrets Manager, unless replicas are wanted:
//! of a database whose master password it manages, RDS makes none.

use async_trait::async_trait;
use aws_sdk_rds::operation::create_db_instance::builders::CreateDBInstanceFluentBuilder;
use aws_sdk_rds::types::DbInstance;
use infra_model::record::ObjectId;
use infra_model::schema::ascent::Ascent;
use infra_model::schema::{RecoveryClass, ResourceSchema};
use infra_model::value::{Attributes, Value};
use infra_provider::error::{ErrorKind, ProviderError};
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, UpdateRequest};

use super::database::change::{self, Modification};
use super::database::{ENGINE, look, removal, schema, settle};
use super::tagging;
use crate::failure::failed;
use crate::kinds::inputs::{
    disruptive, flag, in_place, named, number, optional, optional_text, output, replaces, text, texts,
};
use crate::kinds::objects::{Found, Objects, Place, Which, changes};

/// The type.
pub const INSTANCE: &str = "aws.rds.instance";

/// The master user of every instance.
pub const MASTER: &str = "postgres";

/// Manages instances.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instance;

#[async_trait]
impl Objects for Instance {
    fn schema(&self) -> ResourceSchema {
        let mut attributes = schema::attributes();
        attributes.extend(named([
            (
                "version",
                disruptive("Its major version; RDS chooses the minor one and goes back to no older one")
                    .only_up(Ascent::Version),
            ),
            ("subnet_group", replaces("The subnets that it may stand in")),
            (
                "managed_password",
                in_place("Whether RDS makes and rotates the password of `postgres`, in Secrets Manager")
                    .default_value(false),
            ),
            (
                "master_password",
                in_place("The password of `postgres`, where RDS does not make it").not_observed(),
            ),
        ]));
        let mut outputs = schema::outputs();
        outputs.extend(named([
            ("resource_id", output("Its id, which no other instance ever has")),
            (
                "master_secret_arn",
                output(
                    "The ARN of the secret with the password of `postgres`; null where RDS does not make it",
                )
                .changes_on_update(),
            ),
        ]));
        ResourceSchema {
            resource_type: INSTANCE.parse().expect("a well-formed type"),
            summary: "A PostgreSQL server".to_owned(),
            version: 1,
            recovery: RecoveryClass::Named,
            attributes,
            outputs,
            holds_data: true,
            create_before_destroy: false,
            typical: schema::TYPICAL,
        }
    }

    fn leaves(&self) -> Option<&'static str> {
        Some(
            "its final snapshot, unless that is not wanted, and its logs in CloudWatch. Where the key goes too, the snapshot can be restored \
             until that has waited its days; with `key_deletion_window_days = 0` the key stays",
        )
    }

    async fn list(&self, place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
        Ok(look::list(place, which).await?.iter().map(found).collect())
    }

    async fn create(&self, place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let name = text(&request.inputs, "name")?;
        let call = operated(asked(place, request)?, &request.inputs);
        let operation = "rds.CreateDBInstance";
        let sent = call.clone().send().await;
        let sent = sent.map(drop).map_err(|error| failed(operation, error));
        if removal::has_freed_its_name(place, name, sent).await? {
            call.send().await.map_err(|error| failed(operation, error))?;
        }
        let made = settle::settled(place, name, (operation, settle::CREATE), |_| true).await?;
        Ok(applied(&made))
    }

    async fn update(&self, place: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let seen = change::subject(place, request).await?;
        if changes(request, &["version"]) {
            follows_nowhere_else(&seen)?;
        }
        let modification = modified(change::modification(place, request, seen)?, request);
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

/// Returns the call that makes an instance: what it is and where it stands.
fn asked(place: &Place, request: &CreateRequest) -> Result<CreateDBInstanceFluentBuilder, ProviderError> {
    let inputs = &request.inputs;
    let owned = |name: &str| optional_text(inputs, name).map(str::to_owned);
    let is_managed = flag(inputs, "managed_password") == Some(true);
    let call = place.clients.rds().create_db_instance();
    Ok(call
        .engine(ENGINE)
        .engine_version(text(inputs, "version")?)
        .db_instance_identifier(text(inputs, "name")?)
        .db_instance_class(text(inputs, "instance_class")?)
        .master_username(MASTER)
        .set_manage_master_user_password(is_managed.then_some(true))
        .set_master_user_secret_kms_key_id(owned("kms_key").filter(|_| is_managed))
        .set_master_user_password(owned("master_password").filter(|_| !is_managed))
        .storage_encrypted(true)
        .set_kms_key_id(owned("kms_key"))
        .storage_type(optional_text(inputs, "storage_type").unwrap_or("gp3"))
        .set_allocated_storage(number(inputs, "storage_gb"))
        .set_max_allocated_storage(number(inputs, "storage_max_gb"))
        .set_iops(number(inputs, "iops"))
        .set_storage_throughput(number(inputs, "storage_throughput"))
        .set_db_subnet_group_name(owned("subnet_group"))
        .set_vpc_security_group_ids(Some(texts(inputs, "security_groups")))
        .set_port(number(inputs, "port"))
        .set_tags(Some(tagging::tags_of(&place.tags_of_new(request)))))
}

/// Returns it with how it is operated.
fn operated(call: CreateDBInstanceFluentBuilder, inputs: &Attributes) -> CreateDBInstanceFluentBuilder {
    let owned = |name: &str| optional_text(inputs, name).map(str::to_owned);
    let is_watched = flag(inputs, "performance_insights") == Some(true);
    call.multi_az(flag(inputs, "multi_az").unwrap_or(false))
        .publicly_accessible(flag(inputs, "publicly_accessible").unwrap_or(false))
        .deletion_protection(flag(inputs, "deletion_protection").unwrap_or(false))
        .backup_retention_period(number(inputs, "backup_retention_days").unwrap_or(0))
        .set_preferred_backup_window(owned("backup_window"))
        .set_preferred_maintenance_window(owned("maintenance_window"))
        .copy_tags_to_snapshot(flag(inputs, "copy_tags_to_snapshot").unwrap_or(false))
        .set_db_parameter_group_name(owned("parameter_group"))
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

/// Refuses an upgrade that would leave replicas behind: RDS upgrades those in the same region along with their primary, and none in
/// others. Source: "Upgrades of the RDS for PostgreSQL DB engine" of the user guide.
fn follows_nowhere_else(seen: &DbInstance) -> Result<(), ProviderError> {
    let replicas = seen.read_replica_db_instance_identifiers().iter();
    let far: Vec<&str> = replicas
        .map(String::as_str)
        .filter(|name| name.starts_with("arn:"))
        .collect();
    if far.is_empty() {
        return Ok(());
    }
    let message = format!(
        "Replicas in other regions follow it, which RDS does not upgrade along with it: {}",
        far.join(", ")
    );
    let hint =
        "Take them out of `replica_regions` and apply, or promote them, then upgrade, and add them again";
    Err(ProviderError::rejected(ErrorKind::Invalid, change::MODIFY, message).hint(hint))
}

/// Returns a change with what only an instance has.
fn modified(mut modification: Modification, request: &UpdateRequest) -> Modification {
    let inputs = &request.inputs;
    let owned = |name: &str| optional_text(inputs, name).map(str::to_owned);
    if changes(request, &["version"]) {
        modification.set_version(inputs);
    }
    if changes(request, &["managed_password", "master_password"]) {
        let is_managed = flag(inputs, "managed_password") == Some(true);
        let becomes = changes(request, &["managed_password"]);
        let call = modification.call.clone();
        modification.call = call
            .set_manage_master_user_password(becomes.then_some(is_managed))
            .set_master_user_secret_kms_key_id(owned("kms_key").filter(|_| becomes && is_managed))
            .set_master_user_password(owned("master_password").filter(|_| !is_managed));
        modification.is_needed |= becomes || !is_managed;
    }
    modification
}

fn found(database: &DbInstance) -> Found {
    let common = look::found(database);
    let mut attributes = common.attributes;
    let group = database.db_subnet_group();
    attributes.extend(named([
        ("version", optional(look::major(database))),
        (
            "subnet_group",
            optional(group.and_then(|group| group.db_subnet_group_name())),
        ),
        (
            "managed_password",
            Value::from(database.master_user_secret().is_some()),
        ),
    ]));
    Found {
        attributes,
        outputs: outputs(database),
        ..common
    }
}

fn outputs(database: &DbInstance) -> Attributes {
    let secret = database.master_user_secret();
    let mut outputs = look::outputs(database);
    outputs.extend(named([
        ("resource_id", optional(database.dbi_resource_id())),
        (
            "master_secret_arn",
            optional(secret.and_then(|secret| secret.secret_arn())),
        ),
    ]));
    outputs
}

fn applied(database: &DbInstance) -> Applied {
    Applied {
        id: look::id_of(database),
        outputs: outputs(database),
    }
}
