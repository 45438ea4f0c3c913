//! Alarms on a cluster: processor, storage, memory and connections of each server, and how far replicas lag.

use infra_model::address::Address;
use infra_model::diagnostic::Diagnostic;
use infra_model::resource::Desired;
use infra_provider::lowering::output;

use super::capacity::{self, GIB};
use super::{Cluster, settings};
use crate::lower::alarms::{self, Side, Watch, Watched};
use crate::lower::scene::Scene;

/// The names of all thresholds.
const THRESHOLDS: [&str; 5] = [
    "connections_percent",
    "cpu_percent",
    "free_memory_percent",
    "free_storage_percent",
    "replica_lag_s",
];

/// Returns what is wrong with the settings of alarms.
pub(super) fn faults(scene: &Scene<'_>) -> Vec<Diagnostic> {
    alarms::diagnostics(scene, &THRESHOLDS)
}

/// Returns the alarms on a primary and on its replicas in the same region.
pub(super) fn resources(cluster: &Cluster<'_>) -> Vec<Desired> {
    let mut all = of_server(cluster, &cluster.instance, false);
    for replica in &cluster.replicas {
        all.extend(of_server(cluster, replica, true));
    }
    all
}

fn of_server(cluster: &Cluster<'_>, server: &Address, is_replica: bool) -> Vec<Desired> {
    let watched = Watched {
        part: server.name(),
        namespace: "AWS/RDS",
        dimension: ("DBInstanceIdentifier", output(server, "name")),
    };
    let class = capacity::class(cluster, is_replica);
    let mut watches = vec![CPU, free_storage(cluster)];
    watches.extend(capacity::memory_gb(class).map(free_memory));
    watches.extend(capacity::connections(cluster, class).map(connections));
    // One that was promoted follows nobody, and has no lag.
    if is_replica && !settings::texts(cluster.scene, "promote").contains(&server.name()) {
        watches.push(LAG);
    }
    alarms::resources(cluster.scene, &watched, &watches)
}

const CPU: Watch<'_> = Watch {
    name: "cpu_percent",
    metric: "CPUUtilization",
    statistic: "Average",
    side: Side::Above,
    threshold: 80.0,
    unit: 1.0,
    minutes: 15,
    says: "its processors have hardly been idle for a quarter of an hour: look at its queries, or take a larger size",
};

const LAG: Watch<'_> = Watch {
    name: "replica_lag_s",
    metric: "ReplicaLag",
    statistic: "Average",
    side: Side::Above,
    threshold: 60.0,
    unit: 1.0,
    minutes: 10,
    says: "it is behind its primary: look for long queries on it and for bulk writes on the primary",
};

fn free_storage(cluster: &Cluster<'_>) -> Watch<'static> {
    Watch {
        name: "free_storage_percent",
        metric: "FreeStorageSpace",
        statistic: "Minimum",
        side: Side::Below,
        threshold: 15.0,
        unit: f64::from(cluster.postgres.storage_gb) * GIB / 100.0,
        minutes: 5,
        says: "its storage is nearly full, and without any it stops: raise `storage_gb`, or remove data",
    }
}

fn free_memory(memory_gb: f64) -> Watch<'static> {
    Watch {
        name: "free_memory_percent",
        metric: "FreeableMemory",
        statistic: "Average",
        side: Side::Below,
        threshold: 10.0,
        unit: memory_gb * GIB / 100.0,
        minutes: 15,
        says: "it has little memory left: lower `work_mem` or the number of connections, or take a larger size",
    }
}

fn connections(most: f64) -> Watch<'static> {
    Watch {
        name: "connections_percent",
        metric: "DatabaseConnections",
        statistic: "Maximum",
        side: Side::Above,
        threshold: 80.0,
        unit: most / 100.0,
        minutes: 10,
        says: "it takes hardly more connections: look for applications that open too many, or add a `pooler`",
    }
}
