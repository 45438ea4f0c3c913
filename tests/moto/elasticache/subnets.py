"""Subnet groups."""

from moto.elasticache.exceptions import CacheSubnetGroupNotFound, InvalidSubnet
from moto.elasticache.models import CacheSubnetGroup, ElastiCacheBackend

from .errors import Refused, refuse_value
from .rules import subnets_of

make_subnet_group = ElastiCacheBackend.create_cache_subnet_group


def create_cache_subnet_group(self, cache_subnet_group_name, cache_subnet_group_description, subnet_ids, tags):
    subnets_of(self, subnet_ids)
    if not cache_subnet_group_description:
        refuse_value("The description must be provided and must not be blank.")
    return make_subnet_group(self, cache_subnet_group_name, cache_subnet_group_description, subnet_ids, tags)


def modify_subnet_group(self, asked):
    name = asked["CacheSubnetGroupName"]
    if name not in self.cache_subnet_groups:
        raise CacheSubnetGroupNotFound(name)
    group = self.cache_subnet_groups[name]
    ids = asked.get("SubnetIds") or group.subnet_ids
    for subnet in subnets_of(self, ids):
        if subnet.vpc_id != group.vpc_id:
            raise InvalidSubnet(subnet_id=subnet.id)
    description = asked.get("CacheSubnetGroupDescription") or group.cache_subnet_group_description
    changed = CacheSubnetGroup(self.account_id, self.region_name, name, description, ids, None)
    self.cache_subnet_groups[name] = changed
    return changed


def delete_subnet_group(self, asked):
    name = asked["CacheSubnetGroupName"]
    if name not in self.cache_subnet_groups:
        raise CacheSubnetGroupNotFound(name)
    if any(group.cache_subnet_group_name == name for group in self.replication_groups.values()):
        raise Refused("CacheSubnetGroupInUse", f"Cache subnet group {name} is currently in use by a cache cluster.")
    self.tagging_service.delete_all_tags_for_resource(self.cache_subnet_groups[name].arn)
    del self.cache_subnet_groups[name]
