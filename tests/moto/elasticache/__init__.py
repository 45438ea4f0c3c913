"""ElastiCache: what moto lacks of replication groups, parameter groups and subnet groups.

After Amazon's "ElastiCache API Reference" (2015-02-02): CreateReplicationGroup, ModifyReplicationGroup,
ModifyReplicationGroupShardConfiguration, IncreaseReplicaCount, DecreaseReplicaCount, DeleteReplicationGroup,
DescribeCacheClusters, the actions on cache parameter groups and on cache subnet groups, and their lists of errors; the
"User Guide" on AUTH (a token is added by ROTATE, and SET follows it), on in-transit encryption (preferred before required),
on reserved memory and on the parameters of the families. Resource types of the tagging API are those of the "Resource Groups
Tagging API Reference".

A change is accepted at once and done after `MOTO_ELASTICACHE_MILLISECONDS` (100 without the variable): until then a group is
`creating`, `modifying` or `deleting` and refuses other changes.
"""

from moto.elasticache.models import ElastiCacheBackend
from moto.elasticache.responses import ElastiCacheResponse

from . import groups, parameters, requests, subnets


def install():
    changed = (
        groups.create_replication_group,
        subnets.create_cache_subnet_group,
        requests.iter_tagged_resources,
        requests.list_tags_for_resource,
    )
    for method in changed:
        setattr(ElastiCacheBackend, method.__name__, method)
    answering, group = requests.answering, "ReplicationGroup"
    answers = {
        "modify_replication_group": answering(groups.modify_replication_group, group),
        "modify_replication_group_shard_configuration": answering(groups.change_shards, group),
        "increase_replica_count": answering(lambda self, asked: groups.change_replicas(self, asked, 1), group),
        "decrease_replica_count": answering(lambda self, asked: groups.change_replicas(self, asked, -1), group),
        "delete_replication_group": answering(groups.delete_replication_group, group),
        "create_cache_parameter_group": answering(parameters.create_parameter_group, "CacheParameterGroup"),
        "modify_cache_parameter_group": answering(parameters.modify_parameter_group),
        "reset_cache_parameter_group": answering(parameters.reset_parameter_group),
        "delete_cache_parameter_group": answering(parameters.delete_parameter_group),
        "modify_cache_subnet_group": answering(subnets.modify_subnet_group, "CacheSubnetGroup"),
        "delete_cache_subnet_group": answering(subnets.delete_subnet_group),
        "describe_cache_clusters": requests.describe_cache_clusters,
        "describe_cache_parameter_groups": requests.describe_cache_parameter_groups,
        "describe_cache_parameters": requests.describe_cache_parameters,
        "create_replication_group": ElastiCacheResponse.create_replication_group,
        "describe_replication_groups": ElastiCacheResponse.describe_replication_groups,
    }
    for name, method in answers.items():
        setattr(ElastiCacheResponse, name, requests.at_the_time(method))
