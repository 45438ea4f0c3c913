//! What a class of machine has: its memory, and the connections that follow from it.

use infra_model::value::Value;

use super::{Cluster, sizes};

/// A GiB in bytes.
pub(super) const GIB: f64 = 1_073_741_824.0;
/// What RDS divides memory by for the default of `max_connections`, and the most that it gives:
/// `LEAST({DBInstanceClassMemory/9531392},5000)`.
const BYTES_PER_CONNECTION: f64 = 9_531_392.0;
const CONNECTIONS_MOST: f64 = 5000.0;

/// Returns the class of machine of the primary, or with `replica` of the replicas.
pub(super) fn class<'a>(cluster: &Cluster<'a>, is_replica: bool) -> &'a str {
    let setting = |name: &str| cluster.scene.setting(name).and_then(Value::as_str);
    let replica = is_replica.then(|| setting("replica_class")).flatten();
    replica
        .or_else(|| setting("instance_class"))
        .unwrap_or_else(|| sizes::class(cluster.postgres.size))
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

/// Returns how many connections a server takes: what the stack says, else what RDS derives from memory.
pub(super) fn connections(cluster: &Cluster<'_>, class: &str) -> Option<f64> {
    let said = cluster.postgres.parameters.get("max_connections");
    let said = said.and_then(Value::as_int).map(|number| number as f64);
    said.or_else(|| {
        let bytes = memory_gb(class)? * GIB;
        Some((bytes / BYTES_PER_CONNECTION).floor().min(CONNECTIONS_MOST))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
