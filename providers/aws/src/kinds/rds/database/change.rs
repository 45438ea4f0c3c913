//! Changes of a database in place.

use aws_sdk_rds::operation::modify_db_instance::builders::ModifyDBInstanceFluentBuilder;
use aws_sdk_rds::types::{CloudwatchLogsExportConfiguration, DbInstance};
use infra_model::schema::ResourceSchema;
use infra_model::value::{Attributes, Value};
use infra_provider::error::{ErrorKind, ProviderError};
use infra_provider::request::UpdateRequest;

use super::schema::wanted;
use super::{look, reboot, settle, status, storage};
use crate::failure::failed;
use crate::kinds::inputs::{optional_text, texts};
use crate::kinds::objects::{Found, Place, changes};
use crate::kinds::rds::tagging;

pub(crate) const MODIFY: &str = "rds.ModifyDBInstance";

/// What is told of storage, all at once.
const STORAGE: [&str; 5] = [
    "storage_gb",
    "storage_max_gb",
    "storage_type",
    "iops",
    "storage_throughput",
];

/// A call that changes a database, while it is put together.
pub(crate) struct Modification {
    pub(crate) call: ModifyDBInstanceFluentBuilder,
    /// Whether it asks for anything.
    pub(crate) is_needed: bool,
    /// The database as it was before.
    before: DbInstance,
}

/// Returns a database that an update is about.
pub(crate) async fn subject(place: &Place, request: &UpdateRequest) -> Result<DbInstance, ProviderError> {
    let name = &request.id.0;
    look::by_name(place, name).await?.ok_or_else(|| {
        let message = format!("`{name}` is not there any more");
        ProviderError::rejected(ErrorKind::NotFound, MODIFY, message)
    })
}

/// Returns the call that makes the changes which primaries and replicas share.
///
/// # Errors
///
/// When RDS does not make such a change.
pub(crate) fn modification(
    place: &Place,
    request: &UpdateRequest,
    seen: DbInstance,
) -> Result<Modification, ProviderError> {
    let call = place
        .clients
        .rds()
        .modify_db_instance()
        .db_instance_identifier(&request.id.0)
        .apply_immediately(true);
    let mut modification = Modification {
        call,
        is_needed: false,
        before: seen,
    };
    for name in &request.changed {
        modification.set(name, &request.inputs);
    }
    if changes(request, &STORAGE) {
        let asked = storage::asked(&request.inputs, &request.changed, &modification.before)?;
        modification.is_needed |= asked != storage::Asked::default();
        modification.set_storage(asked);
    }
    Ok(modification)
}

impl Modification {
    fn set(&mut self, name: &str, inputs: &Attributes) {
        let value = wanted(inputs, name);
        let text = || value.as_str().map(str::to_owned);
        let number = || value.as_int().and_then(|number| i32::try_from(number).ok());
        let flag = || value.as_bool();
        let call = self.call.clone();
        let call = match name {
            "instance_class" => call.set_db_instance_class(text()),
            "multi_az" => call.set_multi_az(flag()),
            "security_groups" => call.set_vpc_security_group_ids(Some(texts(inputs, name))),
            "port" => call.set_db_port_number(number()),
            "publicly_accessible" => call.set_publicly_accessible(flag()),
            "deletion_protection" => call.set_deletion_protection(flag()),
            "backup_retention_days" => call.set_backup_retention_period(number()),
            "backup_window" => call.set_preferred_backup_window(text()),
            "copy_tags_to_snapshot" => call.set_copy_tags_to_snapshot(flag()),
            "parameter_group" => call.set_db_parameter_group_name(text()),
            "maintenance_window" => call.set_preferred_maintenance_window(text()),
            "auto_minor_version_upgrade" => call.set_auto_minor_version_upgrade(flag()),
            "performance_insights" => call
                .set_enable_performance_insights(flag())
                .set_performance_insights_kms_key_id(
                    optional_text(inputs, "kms_key")
                        .filter(|_| flag() == Some(true))
                        .map(str::to_owned),
                ),
            "performance_insights_days" => call.set_performance_insights_retention_period(number()),
            "log_exports" => call.cloudwatch_logs_export_configuration(logs(inputs, &self.before)),
            "ca_certificate" => call.set_ca_certificate_identifier(text()),
            "iam_authentication" => call.set_enable_iam_database_authentication(flag()),
            _ => return,
        };
        self.call = call;
        self.is_needed = true;
    }

    fn set_storage(&mut self, asked: storage::Asked) {
        self.call = self
            .call
            .clone()
            .set_allocated_storage(asked.size_gb)
            .set_max_allocated_storage(asked.most_gb)
            .set_storage_type(asked.kind)
            .set_iops(asked.iops)
            .set_storage_throughput(asked.throughput);
    }

    /// Asks for another major version and the parameter group that is of it.
    pub(crate) fn set_version(&mut self, inputs: &Attributes) {
        let owned = |name: &str| optional_text(inputs, name).map(str::to_owned);
        self.is_needed = true;
        self.call = self
            .call
            .clone()
            .set_engine_version(owned("version"))
            .allow_major_version_upgrade(true)
            .set_db_parameter_group_name(owned("parameter_group"));
    }
}

fn logs(inputs: &Attributes, seen: &DbInstance) -> CloudwatchLogsExportConfiguration {
    let (wanted, has) = (
        texts(inputs, "log_exports"),
        seen.enabled_cloudwatch_logs_exports(),
    );
    let enable = wanted.iter().filter(|log| !has.contains(log)).cloned();
    let disable = has.iter().filter(|log| !wanted.contains(log)).cloned();
    CloudwatchLogsExportConfiguration::builder()
        .set_enable_log_types(Some(enable.collect()))
        .set_disable_log_types(Some(disable.collect()))
        .build()
}

/// Sends a change, restarts where a parameter waits for that, and returns the database when it shows what was asked for. Where
/// nothing is asked of the database itself, nothing is waited for: what others asked of it is theirs.
pub(crate) async fn carry_out(
    place: &Place,
    request: &UpdateRequest,
    modification: Modification,
    schema: &ResourceSchema,
    found: impl Fn(&DbInstance) -> Found + Sync,
) -> Result<DbInstance, ProviderError> {
    let name = &request.id.0;
    let may_restart = changes(request, &["parameter_group", "parameters_in_force"]);
    let mut database = modification.before;
    if modification.is_needed {
        let sent = modification.call.send().await;
        sent.map_err(|error| advised(failed(MODIFY, error)))?;
        let is_done = |database: &DbInstance| {
            let seen = found(database).attributes;
            request
                .changed
                .iter()
                .all(|name| shows(schema, request, &seen, name))
        };
        let how = (MODIFY, settle::CHANGE);
        database = settle::after(place, name, how, Some(&database), is_done).await?;
    }
    if may_restart && status::wants_restart(&database) {
        database = reboot::now(place, name).await?;
    }
    tagging::change(place, database.db_instance_arn().unwrap_or_default(), request).await?;
    Ok(database)
}

/// Tells whether an attribute is seen as it shall be. What is not to be seen, and what a later step of the update does, is.
fn shows(schema: &ResourceSchema, request: &UpdateRequest, seen: &Attributes, name: &str) -> bool {
    let Some(attribute) = schema.attributes.get(name).filter(|attribute| attribute.observed) else {
        return true;
    };
    if matches!(name, "tags" | "parameters_in_force") {
        return true;
    }
    let wanted = request.inputs.get(name).filter(|value| !value.is_null());
    let (Some(wanted), Some(seen)) = (wanted.or(attribute.default.as_ref()), seen.get(name)) else {
        return true;
    };
    let seen = Some(seen).filter(|value| !value.is_null());
    let nothing = Value::Null;
    let seen = seen.or(attribute.default.as_ref()).unwrap_or(&nothing);
    attribute.equality.same(wanted, seen)
}

/// Adds what to do where the service only says what it does not do.
fn advised(error: ProviderError) -> ProviderError {
    let message = error.message.to_lowercase();
    let says = |words: &str| message.contains(words);
    if says("storage") && says("hours") {
        return error.hint("RDS changes storage once in six hours: apply again later");
    }
    error
}
