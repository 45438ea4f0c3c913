//! What a class of machine has: its memory, and the connections that follow from it.

use infra_model::component::postgres::Postgres;
use infra_model::value::Value;

use super::{Cluster, sizes};
use crate::lower::scene::Scene;

/// A GiB in bytes.
pub(super) const GIB: f64 = 1_073_741_824.0;
/// What RDS divides memory by for the default of `max_connections`, and the most that it gives:
/// `LEAST({DBInstanceClassMemory/9531392},5000)`.
const BYTES_PER_CONNECTION: f64 = 9_531_392.0;
const CONNECTIONS_MOST: f64 = 5000.0;

/// Returns the class of machine of the primary, or with `replica` of the replicas.
pub(super) fn class<'a>(cluster: &Cluster<'a>, is_replica: bool) -> &'a str {
    class_of(cluster.scene, cluster.postgres, is_replica)
}

/// The same before the cluster is lowered.
pub(super) fn class_of<'a>(scene: &Scene<'a>, postgres: &Postgres, is_replica: bool) -> &'a str {
    let setting = |name: &str| scene.setting(name).and_then(Value::as_str);
    let replica = is_replica.then(|| setting("replica_class")).flatten();
    replica
        .or_else(|| setting("instance_class"))
        .unwrap_or_else(|| sizes::class(postgres.size))
}

/// Returns the memory of a class in GiB; nothing for a family that is not known.
///
/// Within a family memory follows the size; `xlarge` has four virtual processors, and families differ in GiB for each.
pub(super) fn memory_gb(class: &str) -> Option<f64> {
    let mut parts = class.strip_prefix("db.")?.split('.');
    let (family, size) = (parts.next()?, parts.next()?);
    if family.starts_with('t') {
        return Some(match size {
            "micro" => 1.0,
            "small" => 2.0,
            "medium" => 4.0,
            "large" => 8.0,
            "xlarge" => 16.0,
            "2xlarge" => 32.0,
            _ => return None,
        });
    }
    let xlarge = match family.chars().next()? {
        'c' => 8.0,
        'm' => 16.0,
        'r' => 32.0,
        _ => return None,
    };
    match size {
        "large" => Some(xlarge / 2.0),
        "xlarge" => Some(xlarge),
        _ => Some(size.strip_suffix("xlarge")?.parse::<f64>().ok()? * xlarge),
    }
}

/// Returns how many connections a server takes: what the stack says, else what RDS derives from memory. Nothing where the stack says
/// a formula.
pub(super) fn connections(cluster: &Cluster<'_>, class: &str) -> Option<f64> {
    match cluster.postgres.parameters.get("max_connections") {
        None | Some(Value::Null) => derived_connections(class),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(said) => said.as_int().map(|number| number as f64),
    }
}

/// Returns how many connections RDS lets a server of a class take where nobody says it.
pub(super) fn derived_connections(class: &str) -> Option<f64> {
    let memory_gb = memory_gb(class)?;
    let bytes = memory_gb * usable(memory_gb) * GIB;
    Some((bytes / BYTES_PER_CONNECTION).floor().min(CONNECTIONS_MOST))
}

/// Returns the part of a machine's memory that is `DBInstanceClassMemory`: what its operating system and RDS leave.
///
/// Measured, because AWS does not tell: about 85 connections with 1 GiB, 198 with 2, 413 with 4, and with more nearly all.
/// <https://gist.github.com/guizmaii/1cacffef793c2ba9645083c3e18b3d8c>
fn usable(memory_gb: f64) -> f64 {
    match memory_gb {
        memory if memory <= 1.0 => 0.76,
        memory if memory <= 2.0 => 0.88,
        memory if memory <= 4.0 => 0.918,
        _ => 0.95,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_those_that_were_measured() {
        let of = |class| derived_connections(class).unwrap_or_default();
        assert!((81.0..=87.0).contains(&of("db.t4g.micro")));
        assert_eq!(of("db.t4g.small"), 198.0);
        assert_eq!(of("db.t4g.medium"), 413.0);
        assert_eq!(of("db.r7g.4xlarge"), 5000.0);
    }

    #[test]
    fn memory_follows_family_and_size() {
        let of = |class| memory_gb(class);
        assert_eq!(of("db.t4g.micro"), Some(1.0));
        assert_eq!(of("db.m7g.large"), Some(8.0));
        assert_eq!(of("db.r7g.4xlarge"), Some(128.0));
        assert_eq!(of("db.c6gd.xlarge"), Some(8.0));
        for unknown in ["db.x2g.large", "db.m7g.metal", "m7g.large", ""] {
            assert_eq!(of(unknown), None, "{unknown}");
        }
    }
}
