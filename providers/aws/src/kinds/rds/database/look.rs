//! Looking at databases: a hundred a call.

use aws_sdk_rds::types::{DbInstance, Filter};
use futures::future::try_join_all;
use infra_model::record::ObjectId;
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;

use super::{settle, status};
use crate::failure::rejected;
use crate::kinds::inputs::optional;
use crate::kinds::objects::{Found, Place, Which, attributes};
use crate::kinds::rds::tagging;
use crate::ownership;

/// Lists databases that exist. One of ours that is still being made is waited for: whoever asks for it by name lost sight of its
/// creation, and until it is done it has no host.
pub(crate) async fn list(place: &Place, which: Which<'_>) -> Result<Vec<DbInstance>, ProviderError> {
    let names = which.names("name");
    let pages = names.chunks(100).map(|names| by_names(place, names));
    let mut found: Vec<DbInstance> = try_join_all(pages).await?.into_iter().flatten().collect();
    found.retain(|database| !status::is_going(database));
    if let (Which::Like(_), [database]) = (&which, found.as_mut_slice())
        && status::text(database) == "creating"
        && is_ours(place, database)
    {
        let name = database.db_instance_identifier().unwrap_or_default().to_owned();
        let creating = ("rds.CreateDBInstance", settle::CREATE);
        *database = settle::settled(place, &name, creating, |_| true).await?;
    }
    Ok(found)
}

/// Returns a database, nothing if there is none.
pub(crate) async fn by_name(place: &Place, name: &str) -> Result<Option<DbInstance>, ProviderError> {
    Ok(by_names(place, &[name]).await?.into_iter().next())
}

async fn by_names(place: &Place, names: &[&str]) -> Result<Vec<DbInstance>, ProviderError> {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    let filter = Filter::builder()
        .name("db-instance-id")
        .set_values(Some(names))
        .build();
    let pages = place
        .clients
        .rds()
        .describe_db_instances()
        .filters(filter)
        .max_records(100)
        .into_paginator()
        .items()
        .send();
    pages
        .try_collect()
        .await
        .map_err(|error| rejected("rds.DescribeDBInstances", error))
}

fn is_ours(place: &Place, database: &DbInstance) -> bool {
    let tags = tagging::read(database.tag_list.as_deref());
    tags.get(ownership::LINEAGE) == Some(&place.settings.lineage.0)
}

/// Returns a database as a list shows it, with the attributes that primaries and replicas share.
pub(crate) fn found(database: &DbInstance) -> Found {
    let mut attributes = identity(database);
    attributes.extend(storage(database));
    attributes.extend(operation(database));
    Found {
        id: id_of(database),
        attributes,
        outputs: outputs(database),
        condition: status::condition(database),
        tags: tagging::read(database.tag_list.as_deref()),
    }
}

/// Returns the identity of a database: its name.
pub(crate) fn id_of(database: &DbInstance) -> ObjectId {
    ObjectId(database.db_instance_identifier().unwrap_or_default().to_owned())
}

/// Tells whether a database has this parameter group.
pub(crate) fn uses(database: &DbInstance, group: &str) -> bool {
    let mut groups = database.db_parameter_groups().iter();
    groups.any(|used| used.db_parameter_group_name() == Some(group))
}

/// Returns the major version: since PostgreSQL 10 it is what stands before the first dot.
pub(crate) fn major(database: &DbInstance) -> Option<&str> {
    database.engine_version()?.split('.').next()
}

/// Returns the outputs that primaries and replicas share.
pub(crate) fn outputs(database: &DbInstance) -> Attributes {
    let endpoint = database.endpoint();
    let port = endpoint.and_then(aws_sdk_rds::types::Endpoint::port);
    attributes([
        ("name", optional(database.db_instance_identifier())),
        ("arn", optional(database.db_instance_arn())),
        ("host", optional(endpoint.and_then(|endpoint| endpoint.address()))),
        ("port", number(port)),
    ])
}

fn identity(database: &DbInstance) -> Attributes {
    let groups = database.vpc_security_groups().iter();
    let groups = groups.filter_map(|group| group.vpc_security_group_id());
    let port = database
        .endpoint()
        .and_then(aws_sdk_rds::types::Endpoint::port)
        .or(database.db_instance_port().filter(|port| *port > 0));
    attributes([
        ("name", optional(database.db_instance_identifier())),
        ("kms_key", optional(database.kms_key_id())),
        ("instance_class", optional(database.db_instance_class())),
        ("multi_az", flag(database.multi_az())),
        ("security_groups", texts(groups)),
        ("port", number(port)),
        ("publicly_accessible", flag(database.publicly_accessible())),
        ("deletion_protection", flag(database.deletion_protection())),
    ])
}

fn storage(database: &DbInstance) -> Attributes {
    let mut attributes = attributes([
        ("storage_max_gb", number(database.max_allocated_storage())),
        ("storage_type", optional(database.storage_type())),
        ("iops", number(database.iops())),
        ("storage_throughput", number(database.storage_throughput())),
        (
            "backup_retention_days",
            number(database.backup_retention_period()),
        ),
        ("backup_window", optional(database.preferred_backup_window())),
        ("copy_tags_to_snapshot", flag(database.copy_tags_to_snapshot())),
    ]);
    // Storage that RDS grows by itself is no drift.
    if database.max_allocated_storage().is_none() {
        attributes.insert("storage_gb".to_owned(), number(database.allocated_storage()));
    }
    attributes
}

fn operation(database: &DbInstance) -> Attributes {
    let group = database.db_parameter_groups().first();
    let logs = database.enabled_cloudwatch_logs_exports().iter();
    attributes([
        (
            "parameter_group",
            optional(group.and_then(|group| group.db_parameter_group_name())),
        ),
        (
            "parameters_in_force",
            Value::from(!status::wants_restart(database)),
        ),
        (
            "maintenance_window",
            optional(database.preferred_maintenance_window()),
        ),
        (
            "auto_minor_version_upgrade",
            flag(database.auto_minor_version_upgrade()),
        ),
        (
            "performance_insights",
            flag(database.performance_insights_enabled()),
        ),
        (
            "performance_insights_days",
            number(database.performance_insights_retention_period()),
        ),
        ("log_exports", texts(logs.map(String::as_str))),
        ("ca_certificate", optional(database.ca_certificate_identifier())),
        (
            "iam_authentication",
            flag(database.iam_database_authentication_enabled()),
        ),
    ])
}

fn flag(value: Option<bool>) -> Value {
    value.map_or(Value::Null, Value::from)
}

fn number(value: Option<i32>) -> Value {
    value.map_or(Value::Null, |value| Value::from(i64::from(value)))
}

fn texts<'a>(values: impl Iterator<Item = &'a str>) -> Value {
    Value::list(values.map(Value::string))
}
