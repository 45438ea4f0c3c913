//! A replication group as it is seen: what the service tells of the group and of its nodes, in the words of the type.

use aws_sdk_elasticache::types::{
    AutomaticFailoverStatus, CacheCluster, MultiAzStatus, NodeGroup, ReplicationGroup, TransitEncryptionMode,
};
use infra_model::record::ObjectId;
use infra_model::snapshot::Condition;
use infra_model::value::{Attributes, Value};

use super::nodes;
use crate::kinds::inputs::optional;
use crate::kinds::objects::{Found, attributes};
use crate::ownership::Tags;

/// A group with its nodes.
pub(super) struct Seen {
    pub(super) group: ReplicationGroup,
    /// Its nodes by name.
    nodes: Vec<CacheCluster>,
}

impl Seen {
    /// Returns a group with those of all nodes that are its.
    pub(super) fn of(group: ReplicationGroup, all: &[CacheCluster]) -> Self {
        let id = group.replication_group_id();
        let mut nodes: Vec<_> = all
            .iter()
            .filter(|node| node.replication_group_id() == id)
            .cloned()
            .collect();
        nodes.sort_by(|left, right| left.cache_cluster_id().cmp(&right.cache_cluster_id()));
        Seen { group, nodes }
    }

    /// Returns the version of its engine as a create takes it: from 6 on, two numbers.
    pub(super) fn engine_version(&self) -> Option<String> {
        let version = self.node()?.engine_version()?;
        let major = version.split('.').next()?.parse::<u32>().ok()?;
        let kept = if major < 6 { 3 } else { 2 };
        Some(version.split('.').take(kept).collect::<Vec<_>>().join("."))
    }

    /// Returns its ARN and what a list shows of it.
    pub(super) fn found(self) -> (String, Found) {
        let failed = self.group.status() == Some("create-failed");
        let found = Found {
            id: ObjectId(self.group.replication_group_id().unwrap_or_default().to_owned()),
            attributes: self.attributes(),
            outputs: self.outputs(),
            condition: if failed {
                Condition::HalfMade
            } else {
                Condition::Complete
            },
            tags: Tags::new(),
        };
        (self.group.arn.unwrap_or_default(), found)
    }

    fn node(&self) -> Option<&CacheCluster> {
        self.nodes.first()
    }

    /// Returns its attributes. What only nodes tell is left out where none was seen.
    fn attributes(&self) -> Attributes {
        let mut all = self.of_the_group();
        let told = self.of_a_node().into_iter().filter(|(_, value)| !value.is_null());
        all.extend(told);
        all
    }

    fn of_the_group(&self) -> Attributes {
        let group = &self.group;
        let flag = |flag: Option<bool>| Value::from(flag.unwrap_or_default());
        attributes([
            ("name", optional(group.replication_group_id())),
            ("description", optional(group.description())),
            ("cluster", flag(group.cluster_enabled())),
            ("node_type", optional(group.cache_node_type())),
            ("shards", Value::from(nodes::shards(group))),
            ("replicas", nodes::replicas_value(group)),
            ("automatic_failover", Value::from(fails_over(group))),
            ("multi_az", Value::from(is_multi_az(group))),
            ("port", self.port()),
            ("transit_encryption", Value::from(requires_tls(group))),
            ("auth", flag(group.auth_token_enabled())),
            ("at_rest_encryption", flag(group.at_rest_encryption_enabled())),
            ("kms_key", optional(group.kms_key_id())),
            (
                "snapshot_retention_days",
                Value::from(i64::from(group.snapshot_retention_limit().unwrap_or_default())),
            ),
            ("snapshot_window", optional(group.snapshot_window())),
            (
                "auto_minor_version_upgrade",
                Value::from(group.auto_minor_version_upgrade().unwrap_or(true)),
            ),
        ])
    }

    fn of_a_node(&self) -> Attributes {
        let Some(node) = self.node() else {
            return Attributes::new();
        };
        let parameters = node
            .cache_parameter_group()
            .and_then(|group| group.cache_parameter_group_name());
        let security = node
            .security_groups()
            .iter()
            .filter_map(|group| group.security_group_id());
        attributes([
            ("engine", optional(node.engine())),
            ("engine_version", optional(self.engine_version())),
            ("parameter_group", optional(parameters)),
            ("subnet_group", optional(node.cache_subnet_group_name())),
            ("security_groups", Value::list(security.map(Value::from))),
            (
                "maintenance_window",
                optional(node.preferred_maintenance_window()),
            ),
        ])
    }

    fn outputs(&self) -> Attributes {
        let first = self.first_shard();
        let endpoint = self
            .group
            .configuration_endpoint()
            .or_else(|| first.and_then(|shard| shard.primary_endpoint()));
        let reader = first.and_then(|shard| shard.reader_endpoint());
        attributes([
            ("name", optional(self.group.replication_group_id())),
            ("arn", optional(self.group.arn())),
            ("host", optional(endpoint.and_then(|endpoint| endpoint.address()))),
            ("port", self.port()),
            (
                "reader_host",
                optional(reader.and_then(|endpoint| endpoint.address())),
            ),
            (
                "nodes",
                Value::list(
                    nodes::places(&self.group, &self.nodes)
                        .into_iter()
                        .map(Value::String),
                ),
            ),
        ])
    }

    fn port(&self) -> Value {
        let of_shard = self.first_shard().and_then(|shard| shard.primary_endpoint());
        let endpoint = self.group.configuration_endpoint().or(of_shard);
        let port = endpoint.and_then(|endpoint| endpoint.port());
        port.map_or(Value::Null, |port| Value::from(i64::from(port)))
    }

    fn first_shard(&self) -> Option<&NodeGroup> {
        self.group.node_groups().first()
    }
}

/// Tells whether a replica takes over from a primary that fails.
pub(super) fn fails_over(group: &ReplicationGroup) -> bool {
    matches!(
        group.automatic_failover(),
        Some(AutomaticFailoverStatus::Enabled | AutomaticFailoverStatus::Enabling)
    )
}

/// Tells whether its nodes stand in different zones.
pub(super) fn is_multi_az(group: &ReplicationGroup) -> bool {
    group.multi_az() == Some(&MultiAzStatus::Enabled)
}

/// Tells whether clients must use TLS: a group on its way there still lets others in.
pub(super) fn requires_tls(group: &ReplicationGroup) -> bool {
    let enabled = group.transit_encryption_enabled() == Some(true);
    enabled && group.transit_encryption_mode() != Some(&TransitEncryptionMode::Preferred)
}
