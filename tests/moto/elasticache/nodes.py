"""The nodes of a replication group."""

SLOTS = 16384


def domain(group):
    # In clusters AWS shows no role and no endpoint of a node here: DescribeCacheClusters does.
    return f"{group.replication_group_id}.{group.domain_id}.euw1.cache.amazonaws.com"


def member(group, shard, number):
    is_cluster = group.cluster_enabled
    name = f"{group.replication_group_id}-{shard}-{number:03}" if is_cluster else f"{group.replication_group_id}-{number:03}"
    made = {
        "cache_cluster_id": name,
        "cache_node_id": "0001",
        "preferred_availability_zone": f"{group.region}{'abc'[(number - 1) % 3]}",
    }
    if not is_cluster:
        made["current_role"] = "primary" if number == 1 else "replica"
        made["read_endpoint"] = {"address": f"{name}.{domain(group)}", "port": group.port}
    return made


def lay_out(group, counts):
    """Gives a group these shards, each with a primary and this many replicas. Nodes that stay keep their names."""
    before = {shard["node_group_id"]: shard for shard in group.node_groups}
    group.node_groups = []
    width = SLOTS / max(len(counts), 1)
    for at, (shard, replicas) in enumerate(counts.items()):
        members = before[shard]["node_group_members"][: replicas + 1] if shard in before else []
        taken = {int(one["cache_cluster_id"][-3:]) for one in members}
        free = (number for number in range(1, 1000) if number not in taken)
        members = members + [member(group, shard, next(free)) for _ in range(replicas + 1 - len(members))]
        made = {"node_group_id": shard, "status": "available", "node_group_members": members}
        if group.cluster_enabled:
            made["slots"] = f"{round(at * width)}-{round((at + 1) * width) - 1}"
        else:
            made["primary_endpoint"] = {"address": f"master.{domain(group)}", "port": group.port}
            made["reader_endpoint"] = {"address": f"replica.{domain(group)}", "port": group.port}
        group.node_groups.append(made)
    group.member_clusters = [one["cache_cluster_id"] for made in group.node_groups for one in made["node_group_members"]]
    if group.snapshotting_cluster_id not in group.member_clusters:
        group.snapshotting_cluster_id = group.member_clusters[-1] if group.snapshot_retention_limit else None
    if group.cluster_enabled:
        group.configuration_endpoint = {"address": f"clustercfg.{domain(group)}", "port": group.port}


def counts_of(group):
    return {shard["node_group_id"]: len(shard["node_group_members"]) - 1 for shard in group.node_groups}


def full_version(version):
    return f"{version}.{ {'6.2': 6, '7.0': 7, '7.2': 6}.get(version, 0) }"


def nodes(backend, group, with_nodes):
    """The cache clusters that a group consists of, as DescribeCacheClusters shows them."""
    for shard in group.node_groups:
        for one in shard["node_group_members"]:
            name = one["cache_cluster_id"]
            host = f"{name}.{domain(group)}"
            yield {
                "CacheClusterId": name,
                "CacheNodeType": group.cache_node_type,
                "Engine": group.engine,
                "EngineVersion": full_version(group.engine_version),
                "CacheClusterStatus": group.status,
                "NumCacheNodes": 1,
                "PreferredAvailabilityZone": one["preferred_availability_zone"],
                "CacheClusterCreateTime": group.replication_group_create_time,
                "PreferredMaintenanceWindow": group.preferred_maintenance_window,
                "PendingModifiedValues": {},
                "CacheParameterGroup": {
                    "CacheParameterGroupName": group.cache_parameter_group_name,
                    "ParameterApplyStatus": "in-sync",
                    "CacheNodeIdsToReboot": [],
                },
                "CacheSubnetGroupName": group.cache_subnet_group_name,
                "CacheNodes": [
                    {
                        "CacheNodeId": "0001",
                        "CacheNodeStatus": "available",
                        "Endpoint": {"Address": host, "Port": group.port},
                        "ParameterGroupStatus": "in-sync",
                        "CustomerAvailabilityZone": one["preferred_availability_zone"],
                    }
                ]
                if with_nodes
                else None,
                "AutoMinorVersionUpgrade": group.auto_minor_version_upgrade,
                "SecurityGroups": [
                    {"SecurityGroupId": one, "Status": "active"} for one in group.security_group_ids
                ],
                "ReplicationGroupId": group.replication_group_id,
                "SnapshotRetentionLimit": group.snapshot_retention_limit,
                "SnapshotWindow": group.snapshot_window,
                "AuthTokenEnabled": group.auth_token_enabled,
                "TransitEncryptionEnabled": group.transit_encryption_enabled,
                "AtRestEncryptionEnabled": group.at_rest_encryption_enabled,
                "ARN": f"arn:aws:elasticache:{group.region}:{backend.account_id}:cluster:{name}",
            }
