//! Restarting what uses a group, so that it reads what only a start reads.

use std::collections::BTreeMap;

use aws_sdk_rds::types::DbInstance;
use infra_provider::error::ProviderError;

use crate::failure::rejected;
use crate::kinds::objects::Place;
use crate::kinds::rds::database::{look, reboot, status};

/// Parameters of which a replica needs as much as its primary has. Source: "Hot Standby", "Administrator's Overview", of PostgreSQL.
const AS_MUCH: [&str; 5] = [
    "max_connections",
    "max_locks_per_transaction",
    "max_prepared_transactions",
    "max_wal_senders",
    "max_worker_processes",
];

/// Who is restarted first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum First {
    /// Replicas, so that they never have less than their primary.
    Replicas,
    /// Primaries: a replica that has less than its primary does not start, and waits for it to be restarted.
    Primaries,
}

/// Returns who is restarted first when parameters change like this. What one side does not say, RDS computes, and it may fall. A
/// primary that has more before its replicas do makes them pause until their own restart, which follows.
pub(super) fn first(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> First {
    let may_fall = |name: &&str| {
        let (before, after) = (before.get(*name), after.get(*name));
        let number = |value: Option<&String>| value.and_then(|value| value.parse::<u64>().ok());
        match (number(before), number(after)) {
            _ if before == after => false,
            (Some(before), Some(after)) => after < before,
            _ => true,
        }
    };
    if AS_MUCH.iter().any(may_fall) {
        First::Primaries
    } else {
        First::Replicas
    }
}

/// Restarts every database that uses a group and waits for a start, in this order. Whoever dies before the last one sees in the
/// next plan which of them still waits.
pub(super) async fn users_of(place: &Place, group: &str, first: First) -> Result<(), ProviderError> {
    let mut users: Vec<DbInstance> = all(place)
        .await?
        .into_iter()
        .filter(|database| look::uses(database, group))
        .collect();
    let is_primary = |database: &DbInstance| database.read_replica_source_db_instance_identifier.is_none();
    users.sort_by_key(|database| is_primary(database) == (first == First::Replicas));
    for user in users.iter().filter(|user| !status::is_going(user)) {
        let name = user.db_instance_identifier().unwrap_or_default();
        reboot::once_parameters_wait(place, name).await?;
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replicas_start_first_unless_something_that_they_need_may_fall() {
        let of = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            let pairs = pairs.iter();
            pairs
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect()
        };
        let sixty = of(&[("max_connections", "60")]);
        assert_eq!(first(&sixty, &of(&[("max_connections", "90")])), First::Replicas);
        assert_eq!(first(&sixty, &of(&[("max_connections", "50")])), First::Primaries);
        assert_eq!(first(&sixty, &of(&[])), First::Primaries);
        let modules = of(&[("max_connections", "60"), ("shared_preload_libraries", "pgaudit")]);
        assert_eq!(first(&sixty, &modules), First::Replicas);
        let both = of(&[("max_connections", "90"), ("max_worker_processes", "4")]);
        assert_eq!(first(&sixty, &both), First::Primaries);
    }
}
