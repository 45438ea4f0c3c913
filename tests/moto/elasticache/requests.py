"""Requests, their parameters and their answers."""

import copy
import re

from moto.core.resource_tagging import TaggedResource
from moto.core.responses import ActionResult, PaginatedResult
from moto.elasticache.exceptions import CacheClusterNotFound, InvalidARNFault

from .nodes import nodes
from .parameters import parameter_group, parameter_groups
from .state import pass_time


def parameters_of(response):
    """The parameters of a request as AWS names them."""
    return {name: value for name, value in dict(response._get_params()).items() if value is not None}


def answering(change, key=None):
    """A request that is answered with what a change returns."""

    def respond(self):
        made = change(self.elasticache_backend, parameters_of(self))
        if key is None:
            return ActionResult(made)
        return ActionResult({key: copy.copy(made)})

    return respond


def describe_cache_clusters(self):
    backend, asked = self.elasticache_backend, parameters_of(self)
    with_nodes = asked.get("ShowCacheNodeInfo", False)
    found = list(backend.cache_clusters.values())
    if not asked.get("ShowCacheClustersNotInReplicationGroups", False):
        for group in backend.replication_groups.values():
            found.extend(nodes(backend, group, with_nodes))
    name = asked.get("CacheClusterId")
    if name:
        found = [
            one
            for one in found
            if (one["CacheClusterId"] if isinstance(one, dict) else one.cache_cluster_id) == name
        ]
        if not found:
            raise CacheClusterNotFound(name)
    return PaginatedResult({"CacheClusters": found})


def describe_cache_parameter_groups(self):
    backend, name = self.elasticache_backend, parameters_of(self).get("CacheParameterGroupName")
    groups = [parameter_group(backend, name)] if name else list(parameter_groups(backend).values())
    return PaginatedResult({"CacheParameterGroups": groups})


def describe_cache_parameters(self):
    asked = parameters_of(self)
    group = parameter_group(self.elasticache_backend, asked["CacheParameterGroupName"])
    return ActionResult({"Parameters": list(group.parameters(asked.get("Source")))})


def at_the_time(method):
    """A request before which what was accepted long enough ago is done."""

    def respond(self):
        pass_time(self.elasticache_backend)
        return method(self)

    return respond


def iter_tagged_resources(self):
    pass_time(self)
    held = {
        "elasticache:cluster": self.cache_clusters,
        "elasticache:parametergroup": parameter_groups(self),
        "elasticache:replicationgroup": self.replication_groups,
        "elasticache:snapshot": self.snapshots,
        "elasticache:subnetgroup": self.cache_subnet_groups,
    }
    for resource_type, objects in held.items():
        for found in objects.values():
            tags = self.tagging_service.get_tag_dict_for_resource(found.arn)
            yield TaggedResource(arn=found.arn, tags=tags, resource_type=resource_type)


def list_tags_for_resource(self, arn):
    kinds = "cluster|parametergroup|replicationgroup|snapshot|subnetgroup|user"
    if not re.match(rf"arn:aws:elasticache:[^:]*:\d*:({kinds}):", arn):
        raise InvalidARNFault(arn)
    return self.tagging_service.list_tags_for_resource(arn)
