"""Replication groups."""

import os

from moto.core.utils import utcnow
from moto.elasticache.exceptions import CacheSubnetGroupNotFound, SnapshotAlreadyExists
from moto.elasticache.models import ElastiCacheBackend

from .errors import refuse_combination, refuse_value
from .nodes import counts_of, lay_out
from .parameters import VERSIONS
from .rules import IDENTIFIER, check_engine, check_nodes, check_security, check_token
from .state import begin, idle

make_replication_group = ElastiCacheBackend.create_replication_group


def create_replication_group(self, **asked):
    name = (asked["replication_group_id"] or "").lower()
    asked["replication_group_id"] = name
    if not IDENTIFIER.fullmatch(name):
        refuse_value(f"The identifier {name} is not at most 40 letters, digits and single hyphens.")
    cluster = asked["cluster_mode"] == "enabled" or (asked["num_node_groups"] or 1) > 1
    asked["cluster_mode"] = "enabled" if cluster else "disabled"
    engine, version = asked["engine"] or "redis", asked["engine_version"] or "7.1"
    family = VERSIONS.get(engine, {}).get(version)
    default = f"default.{family}.cluster.on" if cluster else f"default.{family}"
    parameters = asked["cache_parameter_group_name"] or default
    if cluster:
        count = asked["replicas_per_node_group"] or 0
        counts = {f"{at:04}": count for at in range(1, (asked["num_node_groups"] or 1) + 1)}
    else:
        counts = {"0001": (asked["num_cache_clusters"] or 1) - 1}
    check_engine(self, engine, version, parameters, cluster)
    check_nodes(cluster, asked["cache_node_type"], counts, asked["automatic_failover_enabled"], asked["multi_az_enabled"])
    subnets = asked["cache_subnet_group_name"]
    if subnets not in self.cache_subnet_groups:
        raise CacheSubnetGroupNotFound(subnets)
    check_security(self, asked["security_group_ids"] or [])
    if asked["auth_token"]:
        check_token(asked["auth_token"])
        if not asked["transit_encryption_enabled"]:
            refuse_combination("An AUTH token takes in-transit encryption.")
    group = make_replication_group(self, **asked)
    group.region = self.region_name
    group.domain_id = group.arn[-1] + os.urandom(3).hex()
    group.engine, group.engine_version, group.cache_parameter_group_name = engine, version, parameters
    group.port = int(asked["port"] or 6379)
    group.security_group_ids = list(asked["security_group_ids"] or [])
    group.auto_minor_version_upgrade = str(asked["auto_minor_version_upgrade"]).lower() != "false"
    group.preferred_maintenance_window = asked["preferred_maintenance_window"] or "sun:23:00-mon:01:30"
    group.snapshot_window = asked["snapshot_window"] or "05:00-06:00"
    group.transit_encryption_mode = "required" if group.transit_encryption_enabled else None
    group.tokens = [asked["auth_token"]] if asked["auth_token"] else []
    group.node_groups = []
    lay_out(group, counts)
    begin(group, "creating")
    return group


def modify_replication_group(self, asked):
    group = idle(self, asked["ReplicationGroupId"])
    given = {name: value for name, value in asked.items() if name not in ("ReplicationGroupId", "ApplyImmediately")}
    pending = {}
    if "AuthToken" in given or "AuthTokenUpdateStrategy" in given:
        modify_token(group, given)
        pending["auth_token_status"] = "SETTING" if given["AuthTokenUpdateStrategy"] == "SET" else "ROTATING"
    elif "TransitEncryptionEnabled" in given or "TransitEncryptionMode" in given:
        modify_encryption(group, given)
        pending["transit_encryption_mode"] = group.transit_encryption_mode
    else:
        modify_others(self, group, given)
    begin(group, "modifying", pending)
    return group


def modify_token(group, given):
    if set(given) != {"AuthToken", "AuthTokenUpdateStrategy"}:
        refuse_combination("AuthToken takes AuthTokenUpdateStrategy and nothing else.")
    token, strategy = given["AuthToken"], given["AuthTokenUpdateStrategy"]
    check_token(token)
    if not group.transit_encryption_enabled:
        refuse_combination("An AUTH token takes in-transit encryption.")
    if strategy == "ROTATE":
        group.tokens = [one for one in group.tokens if one != token][-1:] + [token]
    elif strategy == "SET" and token in group.tokens:
        group.tokens = [token]
    else:
        refuse_combination(f"{strategy} is allowed after ROTATE of the same token only.")
    group.auth_token_enabled = True
    group.auth_token_last_modified_date = utcnow()


def modify_encryption(group, given):
    enabled, mode = given.get("TransitEncryptionEnabled"), given.get("TransitEncryptionMode")
    if enabled is False:
        if group.transit_encryption_mode != "preferred":
            refuse_combination("Encryption is given up from the mode preferred only.")
        group.transit_encryption_enabled, group.transit_encryption_mode = False, None
    elif group.transit_encryption_enabled:
        group.transit_encryption_mode = mode or group.transit_encryption_mode
    elif enabled and float(group.engine_version) < 7:
        # https://github.com/cloudposse/terraform-aws-elasticache-redis/pull/231
        refuse_combination(
            f"Transit encryption mode is not supported for engine version {group.engine_version}. Please use engine version 7.0.5 or higher."
        )
    elif enabled and mode == "preferred":
        group.transit_encryption_enabled, group.transit_encryption_mode = True, "preferred"
    else:
        refuse_combination("Encryption begins with the mode preferred.")


def modify_others(backend, group, given):
    engine = given.get("Engine", group.engine)
    version = given.get("EngineVersion", group.engine_version)
    parameters = given.get("CacheParameterGroupName", group.cache_parameter_group_name)
    if engine == "redis" and group.engine == "valkey":
        refuse_combination("Valkey does not become Redis again.")
    if "EngineVersion" in given and engine == group.engine and float(version) < float(group.engine_version):
        refuse_combination("An engine is not downgraded.")
    check_engine(backend, engine, version, parameters, group.cluster_enabled)
    failover = given.get("AutomaticFailoverEnabled", group.automatic_failover == "enabled")
    multi_az = given.get("MultiAZEnabled", group.multi_az == "enabled")
    node_type = given.get("CacheNodeType", group.cache_node_type)
    check_nodes(group.cluster_enabled, node_type, counts_of(group), failover, multi_az)
    check_security(backend, given.get("SecurityGroupIds", []))
    retention = given.get("SnapshotRetentionLimit", group.snapshot_retention_limit)
    source = given.get("SnapshottingClusterId", group.snapshotting_cluster_id)
    if retention and not group.cluster_enabled and source not in group.member_clusters:
        refuse_combination("SnapshottingClusterId names the node that snapshots come from.")
    group.engine, group.engine_version, group.cache_parameter_group_name = engine, version, parameters
    group.automatic_failover = "enabled" if failover else "disabled"
    group.multi_az = "enabled" if multi_az else "disabled"
    group.cache_node_type = node_type
    group.snapshot_retention_limit = retention
    group.snapshotting_cluster_id = source if retention else None
    group.security_group_ids = given.get("SecurityGroupIds", group.security_group_ids)
    group.description = given.get("ReplicationGroupDescription", group.description)
    group.snapshot_window = given.get("SnapshotWindow", group.snapshot_window)
    group.preferred_maintenance_window = given.get("PreferredMaintenanceWindow", group.preferred_maintenance_window)
    group.auto_minor_version_upgrade = given.get("AutoMinorVersionUpgrade", group.auto_minor_version_upgrade)


def change_shards(self, asked):
    group = idle(self, asked["ReplicationGroupId"])
    wanted, counts = asked["NodeGroupCount"], counts_of(group)
    if not group.cluster_enabled or not asked.get("ApplyImmediately"):
        refuse_combination("Shards are changed in cluster mode and immediately only.")
    if wanted == len(counts):
        refuse_value(f"The replication group has {wanted} shards already.")
    if wanted > len(counts):
        highest = max(int(shard) for shard in counts)
        replicas = max(counts.values())
        counts.update({f"{highest + at:04}": replicas for at in range(1, wanted - len(counts) + 1)})
    else:
        retained, removed = asked.get("NodeGroupsToRetain"), asked.get("NodeGroupsToRemove")
        if not retained and not removed:
            refuse_combination("NodeGroupsToRetain or NodeGroupsToRemove names which shards go.")
        retained = retained or [shard for shard in counts if shard not in removed]
        if len(retained) != wanted or not set(retained) <= set(counts):
            refuse_value("The shards to retain are not as many as there shall be.")
        counts = {shard: count for shard, count in counts.items() if shard in retained}
    check_nodes(True, group.cache_node_type, counts, True, group.multi_az == "enabled")
    lay_out(group, counts)
    begin(group, "modifying", {"resharding": {"slot_migration": {"progress_percentage": 0.0}}})
    return group


def change_replicas(self, asked, direction):
    group = idle(self, asked["ReplicationGroupId"])
    counts = counts_of(group)
    if "ReplicaConfiguration" in asked:
        wanted = {one["NodeGroupId"]: one["NewReplicaCount"] for one in asked["ReplicaConfiguration"]}
        if not group.cluster_enabled:
            refuse_combination("ReplicaConfiguration is for cluster mode only.")
    else:
        wanted = dict.fromkeys(counts, asked["NewReplicaCount"])
    if not asked.get("ApplyImmediately"):
        refuse_combination("Replicas are changed immediately only.")
    if any((count - counts[shard]) * direction <= 0 for shard, count in wanted.items()):
        refuse_value(f"The shards have {counts} replicas, and {wanted} is not a change in this direction.")
    counts.update(wanted)
    check_nodes(
        group.cluster_enabled,
        group.cache_node_type,
        counts,
        group.automatic_failover == "enabled",
        group.multi_az == "enabled",
    )
    lay_out(group, counts)
    begin(group, "modifying")
    return group


def delete_replication_group(self, asked):
    group = idle(self, asked["ReplicationGroupId"])
    final = asked.get("FinalSnapshotIdentifier")
    if final:
        if final in self.snapshots:
            raise SnapshotAlreadyExists(final)
        self.create_snapshot(final, group.replication_group_id, None, group.kms_key_id, None)
    begin(group, "deleting")
    return group
