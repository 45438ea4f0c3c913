//! What a component asks for and RDS does not do.

use infra_model::component::postgres::Postgres;
use infra_model::diagnostic::Diagnostic;
use infra_model::value::Value;

use super::extensions::{self, VERSIONS};
use super::{alarms, capacity, server, settings, sql, windows};
use crate::lower::network::places;
use crate::lower::scene::Scene;

/// GiB that an instance has at least and at most.
const STORAGE_GB: std::ops::RangeInclusive<u32> = 20..=65_536;
/// GiB from which operations and throughput of `gp3` may be chosen, and which storage with provisioned operations has at least.
const STRIPED_GB: u32 = 400;
const PROVISIONED_GB: u32 = 100;
/// Days that RDS keeps backups at most.
const RETENTION_DAYS_MAX: u32 = 35;
/// Replicas that a PostgreSQL of RDS has at most.
const REPLICAS_MAX: usize = 15;
/// What a replica in another region needs to be told, because it is not this stack's.
const ABROAD: [&str; 3] = ["subnet_group", "security_groups", "kms_key"];

/// Returns everything that is wrong with a cluster.
pub(super) fn all(scene: &Scene<'_>, postgres: &Postgres) -> Vec<Diagnostic> {
    let check = Check { scene, postgres };
    let mut found = settings::faults(scene);
    found.extend(alarms::faults(scene));
    found.extend(sql::faults(scene));
    found.extend(check.place());
    found.extend(check.databases());
    found.extend(check.numbers());
    found.extend(check.provisioned());
    found.extend(check.percentages());
    found.extend(check.smaller_replicas());
    found.extend(windows::faults(scene));
    found.extend(check.replicas());
    found.extend(check.regions());
    found.extend(check.promoted());
    found.extend(extensions::faults(scene, postgres));
    found
}

struct Check<'a> {
    scene: &'a Scene<'a>,
    postgres: &'a Postgres,
}

impl Check<'_> {
    fn error(&self, summary: &str, detail: &str, hint: &str) -> Diagnostic {
        let detail = format!("`{}` {detail}", self.scene.component.address);
        Diagnostic::error(summary, detail)
            .at(self.scene.component.span)
            .hint(hint)
    }

    fn place(&self) -> Option<Diagnostic> {
        let Some(segment) = &self.postgres.segment else {
            return Some(self.error(
                "Database without a segment",
                "stands in no segment, and RDS has no place for it outside of one",
                "Add a `network` to the stack, and here: segment = network.NAME.segment.NAME",
            ));
        };
        let zones = places::network_of(self.scene.stack, segment).map_or(0, |network| network.zones);
        (zones < 2).then(|| {
            let detail = format!(
                "stands in `{}`, which has one zone, and RDS needs two",
                segment.network
            );
            self.error(
                "Network with too few zones",
                &detail,
                "Set `zones = 2` in the network",
            )
        })
    }

    fn databases(&self) -> Option<Diagnostic> {
        self.postgres.databases.is_empty().then(|| {
            self.error(
                "Database is not declared",
                "declares no database, and the password of the one that is always there belongs to RDS alone",
                "Declare one: database \"app\" { owner = \"app\" }",
            )
        })
    }

    fn numbers(&self) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        let (postgres, retention) = (self.postgres, self.postgres.backup.retention_days);
        if !VERSIONS.contains(&postgres.version) {
            let detail = format!("asks for PostgreSQL {}", postgres.version);
            let hint = format!("RDS runs {} to {}", VERSIONS.start(), VERSIONS.end());
            found.push(self.error("Version is not available", &detail, &hint));
        }
        if !STORAGE_GB.contains(&postgres.storage_gb) {
            let detail = format!("asks for {} GiB of storage", postgres.storage_gb);
            let hint = format!("RDS has from {} to {} GiB", STORAGE_GB.start(), STORAGE_GB.end());
            found.push(self.error("Storage is not available", &detail, &hint));
        }
        let most = self.scene.setting("storage_max_gb").and_then(Value::as_int);
        if most.is_some_and(|most| most * 10 < i64::from(postgres.storage_gb) * 11) {
            found.push(self.error(
                "Storage has no room to grow",
                "has a `storage_max_gb` that is not a tenth more than its `storage_gb`",
                "Raise `storage_max_gb`, or remove it: then RDS does not grow the storage by itself",
            ));
        }
        if retention > RETENTION_DAYS_MAX {
            let detail = format!("keeps backups for {retention} days");
            let hint = format!("RDS keeps them for {RETENTION_DAYS_MAX} days at most");
            found.push(self.error("Backups are kept too long", &detail, &hint));
        }
        found
    }

    /// Operations and throughput are chosen where storage has them provisioned.
    fn provisioned(&self) -> Option<Diagnostic> {
        let is_set = |name: &str| self.scene.setting(name).is_some_and(|value| !value.is_null());
        let kind = self
            .scene
            .setting("storage_type")
            .and_then(Value::as_str)
            .unwrap_or("gp3");
        let size = self.postgres.storage_gb;
        match kind {
            "gp3" if size < STRIPED_GB && (is_set("iops") || is_set("storage_throughput")) => {
                Some(self.error(
                    "Storage is too small for its settings",
                    &format!("sets `iops` or `storage_throughput` of {size} GiB of `gp3`"),
                    &format!("RDS takes them from {STRIPED_GB} GiB on: raise `storage_gb`, or remove them"),
                ))
            }
            "io1" | "io2" if !is_set("iops") || size < PROVISIONED_GB => Some(self.error(
                "Storage does not fit its type",
                &format!("has {size} GiB of `{kind}`"),
                &format!("It takes `iops`, and {PROVISIONED_GB} GiB or more"),
            )),
            _ => None,
        }
    }

    fn percentages(&self) -> Vec<Diagnostic> {
        let ranges = [
            ("pooler_connections_percent", 1..=100_i64),
            ("pooler_idle_timeout_s", 1..=28_800),
        ];
        let odd = ranges.into_iter().filter_map(|(name, range)| {
            let value = self.scene.setting(name)?.as_int()?;
            (!range.contains(&value)).then(|| {
                self.error(
                    "Setting is out of range",
                    &format!("sets `{name}` to {value}"),
                    &format!("It takes from {} to {}", range.start(), range.end()),
                )
            })
        });
        odd.collect()
    }

    /// A replica with less of `max_connections` than its primary does not run, and RDS derives it from memory.
    fn smaller_replicas(&self) -> Option<Diagnostic> {
        let said = self.postgres.parameters.get("max_connections");
        let regions = self.scene.setting("replica_regions").and_then(Value::as_map);
        let own = |there: &Value| there.as_map()?.get("instance_class")?.as_str().map(str::to_owned);
        let far = regions.into_iter().flatten().filter_map(|(_, there)| own(there));
        let near = (self.postgres.replicas > 0)
            .then(|| capacity::class_of(self.scene, self.postgres, true).to_owned());
        let of = |class: &str| capacity::derived_connections(class);
        let primary = capacity::class_of(self.scene, self.postgres, false);
        let has_fewer =
            |class: &String| matches!((of(class), of(primary)), (Some(one), Some(other)) if one < other);
        let smaller = far.chain(near).find(has_fewer).filter(|_| said.is_none())?;
        let detail = format!(
            "has replicas of `{smaller}`, which take fewer connections than its primary of `{primary}`, and a replica with fewer stops"
        );
        Some(self.error(
            "Replicas are too small",
            &detail,
            "Set `max_connections` in `parameters` to what the smallest of them bears, or take a larger `replica_class`",
        ))
    }

    fn replicas(&self) -> Vec<Diagnostic> {
        let regions = self.scene.setting("replica_regions").and_then(Value::as_map);
        let count = self.postgres.replicas as usize + regions.map_or(0, |regions| regions.len());
        let mut found = Vec::new();
        if count > REPLICAS_MAX {
            let detail = format!("has {count} replicas");
            let hint = format!("RDS makes {REPLICAS_MAX} at most");
            found.push(self.error("Too many replicas", &detail, &hint));
        }
        if count > 0 && self.postgres.backup.retention_days == 0 {
            found.push(self.error(
                "Replicas without backups",
                "has replicas and keeps no backups, of which RDS makes them",
                "Set `retention_days` of `backup` to 1 or more",
            ));
        }
        found
    }

    fn regions(&self) -> Vec<Diagnostic> {
        let regions = self.scene.setting("replica_regions").and_then(Value::as_map);
        let mut found = Vec::new();
        for (region, there) in regions.into_iter().flatten() {
            if region == self.scene.region() {
                found.push(self.error(
                    "Replica in the same region",
                    &format!("names its own region `{region}` in `replica_regions`"),
                    "Set `replicas` for those in the same region",
                ));
            }
            let has = |name: &&&str| {
                there
                    .as_map()
                    .is_some_and(|map| map.get(**name).is_some_and(|v| !v.is_null()))
            };
            let missing: Vec<&str> = ABROAD.iter().filter(|name| !has(name)).copied().collect();
            if !missing.is_empty() {
                let detail = format!("does not say all of its replica in `{region}`");
                let hint = format!(
                    "Add what is there to `replica_regions`, because it is not of this stack: {}",
                    missing.join(", ")
                );
                found.push(self.error("Replica without a place", &detail, &hint));
            }
        }
        found
    }

    fn promoted(&self) -> Vec<Diagnostic> {
        let names: Vec<String> = (1..=self.postgres.replicas).map(server::replica_name).collect();
        let promoted = settings::texts(self.scene, "promote");
        let unknown = promoted
            .iter()
            .filter(|name| !names.iter().any(|known| known == *name));
        unknown
            .map(|name| {
                let detail = format!("promotes `{name}`, which is no replica of it in its region");
                let hint = if names.is_empty() {
                    "It has no replicas".to_owned()
                } else {
                    format!("It has: {}", names.join(", "))
                };
                self.error("Replica is not known", &detail, &hint)
            })
            .collect()
    }
}
