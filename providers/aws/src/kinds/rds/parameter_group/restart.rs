//! Restarting what uses a group, so that it reads what only a start reads.

use aws_sdk_rds::types::DbInstance;
use infra_provider::error::ProviderError;

use crate::failure::rejected;
use crate::kinds::objects::Place;
use crate::kinds::rds::database::{reboot, status};

/// Restarts every database that uses a group and waits for a start, replicas first. Whoever dies before the last one sees in the
/// next plan which of them still waits.
pub(super) async fn users_of(place: &Place, group: &str) -> Result<(), ProviderError> {
    let mut users: Vec<DbInstance> = all(place)
        .await?
        .into_iter()
        .filter(|database| uses(database, group))
        .collect();
    users.sort_by_key(|database| database.read_replica_source_db_instance_identifier.is_none());
    for user in users.iter().filter(|user| !status::is_going(user)) {
        let name = user.db_instance_identifier().unwrap_or_default();
        reboot::once_parameters_wait(place, name).await?;
    }
    Ok(())
}

fn uses(database: &DbInstance, group: &str) -> bool {
    let groups = database.db_parameter_groups();
    groups
        .iter()
        .any(|used| used.db_parameter_group_name() == Some(group))
}

async fn all(place: &Place) -> Result<Vec<DbInstance>, ProviderError> {
    let pages = place
        .clients
        .rds()
        .describe_db_instances()
        .max_records(100)
        .into_paginator()
        .items()
        .send();
    pages
        .try_collect()
        .await
        .map_err(|error| rejected("rds.DescribeDBInstances", error))
}
