//! The servers of a cluster: a primary, replicas beside it, and replicas in other regions.

use infra_model::address::Address;
use infra_model::component::SegmentRef;
use infra_model::component::postgres::Postgres;
use infra_model::resource::Desired;
use infra_model::value::{Attributes, Value};
use infra_provider::lowering::{output, secret_output};

use super::parameters::Parameters;
use super::{group, inputs, settings, sizes};
use crate::kinds::rds::instance::INSTANCE;
use crate::kinds::rds::replica::REPLICA;
use crate::lower::network::places;
use crate::lower::scene::Scene;

/// The longest name of a server.
const LONGEST: usize = 63;
/// The name of a cluster's only primary.
pub(crate) const PRIMARY: &str = "primary";
/// How long Performance Insights keeps what it saw at no cost.
const INSIGHTS_DAYS: i64 = 7;

/// A cluster while its servers are put together.
pub(super) struct Plan<'a> {
    pub(super) scene: &'a Scene<'a>,
    pub(super) postgres: &'a Postgres,
    pub(super) segment: &'a SegmentRef,
    /// The ARN of the key.
    pub(super) key: Value,
    /// The names of the groups.
    pub(super) group: Value,
    /// The parameter group of all but those in other regions.
    pub(super) parameters: Address,
    pub(super) subnets: Value,
    /// The secret with the password of `postgres`, where RDS does not make it.
    pub(super) master: Option<Address>,
}

/// Returns the name of the n-th replica, from one.
pub(super) fn replica_name(number: u32) -> String {
    format!("replica-{number}")
}

impl Plan<'_> {
    pub(super) fn instance(&self) -> Desired {
        let mut all = self.common("");
        all.extend(self.standing_alone());
        all.extend(inputs([
            ("instance_class", self.class("instance_class")),
            ("multi_az", Value::from(self.has_standby())),
            ("subnet_group", self.subnets.clone()),
            ("managed_password", Value::from(self.master.is_none())),
            (
                "master_password",
                self.master
                    .as_ref()
                    .map_or(Value::Null, |secret| secret_output(secret, "value")),
            ),
        ]));
        self.scene.resource_of(INSTANCE, PRIMARY, all)
    }

    pub(super) fn replicas(&self, primary: &Address) -> Vec<Desired> {
        let promoted = settings::texts(self.scene, "promote");
        (1..=self.postgres.replicas)
            .map(replica_name)
            .map(|name| self.replica(primary, &name, promoted.contains(&name.as_str())))
            .collect()
    }

    fn replica(&self, primary: &Address, name: &str, is_promoted: bool) -> Desired {
        let mut all = self.common(name);
        all.extend(inputs([
            ("source", self.source(primary, is_promoted)),
            ("promoted", Value::from(is_promoted)),
            ("instance_class", self.class("replica_class")),
        ]));
        if is_promoted {
            all.extend(self.standing_alone());
        }
        self.scene.resource_of(REPLICA, name, all)
    }

    /// Returns the ARN of the primary. A replica that was promoted is not made anew with its primary: it names it without waiting
    /// for it.
    fn source(&self, primary: &Address, is_promoted: bool) -> Value {
        if !is_promoted {
            return output(primary, "arn");
        }
        let region = self.scene.region();
        let partition = self.scene.partition();
        let (account, name) = (self.scene.account(), self.scene.name("", LONGEST));
        Value::String(format!("arn:{partition}:rds:{region}:{account}:db:{name}"))
    }

    /// Returns each replica in another region with the parameter group that it has there.
    pub(super) fn replicas_abroad(
        &self,
        primary: &Address,
        parameters: &Parameters,
    ) -> Vec<(Desired, Desired)> {
        let regions = self.scene.setting("replica_regions").and_then(Value::as_map);
        let regions = regions.into_iter().flatten();
        regions
            .map(|(region, there)| self.replica_abroad(primary, (region, there), parameters))
            .collect()
    }

    fn replica_abroad(
        &self,
        primary: &Address,
        (region, there): (&str, &Value),
        parameters: &Parameters,
    ) -> (Desired, Desired) {
        let name = format!("replica-{region}");
        let mut group = group::parameters_abroad(self.scene, self.postgres, parameters, region);
        // Its change restarts the replica, which needs as much of `max_connections` and its like as its primary has by then.
        group.after.insert(self.parameters.clone());
        let given = |name: &str| there.as_map().and_then(|map| map.get(name)).cloned();
        let mut all = self.common(&name);
        all.extend(inputs([
            ("source", output(primary, "arn")),
            ("promoted", Value::from(false)),
            (
                "instance_class",
                given("instance_class").unwrap_or_else(|| self.class("replica_class")),
            ),
            ("kms_key", given("kms_key").unwrap_or_default()),
            ("subnet_group", given("subnet_group").unwrap_or_default()),
            ("security_groups", given("security_groups").unwrap_or_default()),
            ("parameter_group", output(&group.address, "name")),
        ]));
        let mut replica = self.scene.resource_of(REPLICA, &name, all);
        replica.target = group.target.clone();
        (group, replica)
    }

    /// Returns what a server has that nobody else backs up.
    fn standing_alone(&self) -> Attributes {
        let retention = Value::from(self.postgres.backup.retention_days);
        inputs([
            ("backup_retention_days", retention),
            ("backup_window", self.setting("backup_window")),
        ])
    }

    /// Returns what all servers have in common.
    fn common(&self, part: &str) -> Attributes {
        let scene = self.scene;
        let is_watched = settings::flag(scene, "performance_insights").unwrap_or(true);
        let insights = scene.setting("performance_insights_days").cloned();
        let logs = || Value::list(["postgresql", "upgrade"].map(Value::string));
        let mut all = self.storage();
        all.extend(inputs([
            ("name", Value::String(scene.name(part, LONGEST))),
            ("version", Value::String(self.postgres.version.to_string())),
            ("kms_key", self.key.clone()),
            (
                "security_groups",
                Value::list([places::security_group(self.segment)]),
            ),
            ("port", port(scene)),
            (
                "deletion_protection",
                Value::from(scene.component.lifecycle.protect),
            ),
            ("skip_final_snapshot", self.setting("skip_final_snapshot")),
            ("parameter_group", self.group.clone()),
            ("maintenance_window", self.setting("maintenance_window")),
            (
                "auto_minor_version_upgrade",
                self.setting("auto_minor_version_upgrade"),
            ),
            ("performance_insights", Value::from(is_watched)),
            (
                "performance_insights_days",
                insights.filter(|_| is_watched).unwrap_or(if is_watched {
                    Value::from(INSIGHTS_DAYS)
                } else {
                    Value::Null
                }),
            ),
            (
                "log_exports",
                scene.setting("log_exports").cloned().unwrap_or_else(logs),
            ),
            ("copy_tags_to_snapshot", Value::from(true)),
            ("ca_certificate", self.setting("ca_certificate")),
            ("iam_authentication", self.setting("iam_authentication")),
            ("tags", scene.tags()),
        ]));
        all
    }

    fn storage(&self) -> Attributes {
        inputs([
            ("storage_gb", Value::from(self.postgres.storage_gb)),
            ("storage_max_gb", self.setting("storage_max_gb")),
            ("storage_type", self.setting("storage_type")),
            ("iops", self.setting("iops")),
            ("storage_throughput", self.setting("storage_throughput")),
        ])
    }

    fn class(&self, setting: &str) -> Value {
        let given = self
            .scene
            .setting(setting)
            .or(self.scene.setting("instance_class"));
        let of_size = || Value::string(sizes::class(self.postgres.size));
        given.cloned().unwrap_or_else(of_size)
    }

    fn has_standby(&self) -> bool {
        settings::flag(self.scene, "multi_az").unwrap_or(self.postgres.high_availability)
    }

    fn setting(&self, name: &str) -> Value {
        self.scene.setting(name).cloned().unwrap_or_default()
    }
}

/// Returns the port of a cluster.
pub(crate) fn port(scene: &Scene<'_>) -> Value {
    let usual = || Value::from(crate::kinds::rds::database::schema::PORT);
    scene.setting("port").cloned().unwrap_or_else(usual)
}
