"""Parameter groups, and what the families of the engines have."""

import re

from .errors import Refused, refuse_value

VERSIONS = {
    "redis": {"6.0": "redis6.x", "6.2": "redis6.x", "7.0": "redis7", "7.1": "redis7"},
    "valkey": {"7.2": "valkey7", "8.0": "valkey8", "8.1": "valkey8", "8.2": "valkey8"},
}
FAMILIES = ["redis6.x", "redis7", "valkey7", "valkey8"]
POLICIES = "volatile-lru,allkeys-lru,volatile-lfu,allkeys-lfu,volatile-random,allkeys-random,volatile-ttl,noeviction"
# Some of the parameters of all these families: default, type, allowed values.
PARAMETERS = {
    "activedefrag": ("no", "string", "yes,no"),
    "cluster-enabled": ("no", "string", "yes,no"),
    "lazyfree-lazy-eviction": ("no", "string", "yes,no"),
    "maxmemory-policy": ("volatile-lru", "string", POLICIES),
    "maxmemory-samples": ("3", "integer", "1-"),
    "notify-keyspace-events": ("", "string", None),
    "reserved-memory-percent": ("25", "integer", "0-100"),
    "slowlog-log-slower-than": ("10000", "integer", "-1-"),
    "tcp-keepalive": ("300", "integer", "0-"),
    "timeout": ("0", "integer", "0,20-"),
}


class ParameterGroup:
    def __init__(self, backend, name, family, description):
        self.cache_parameter_group_name = name
        self.cache_parameter_group_family = family
        self.description = description
        self.is_global = False
        self.arn = f"arn:aws:elasticache:{backend.region_name}:{backend.account_id}:parametergroup:{name}"
        self.set = {}

    def value(self, name):
        return self.set.get(name, PARAMETERS[name][0])

    def parameters(self, source):
        for name, (default, data_type, allowed) in PARAMETERS.items():
            by = "user" if name in self.set else "system"
            if source in (None, by):
                yield {
                    "ParameterName": name,
                    "ParameterValue": self.set.get(name, default),
                    "Source": by,
                    "DataType": data_type,
                    "AllowedValues": allowed,
                    "IsModifiable": True,
                    "MinimumEngineVersion": "6.0.0",
                    "ChangeType": "immediate",
                }


def parameter_groups(backend):
    if not hasattr(backend, "parameter_groups"):
        backend.parameter_groups = {
            name: ParameterGroup(backend, name, family, f"Default parameter group for {family}")
            for family in FAMILIES
            for name in (f"default.{family}", f"default.{family}.cluster.on")
        }
        for name, group in backend.parameter_groups.items():
            if name.endswith(".cluster.on"):
                group.set["cluster-enabled"] = "yes"
    return backend.parameter_groups


def parameter_group(backend, name):
    try:
        return parameter_groups(backend)[name]
    except KeyError:
        raise Refused("CacheParameterGroupNotFoundFault", f"CacheParameterGroup {name} not found.")


def create_parameter_group(self, asked):
    name = asked["CacheParameterGroupName"].lower()
    if name in parameter_groups(self):
        raise Refused("CacheParameterGroupAlreadyExistsFault", f"Cache parameter group {name} already exists.")
    if asked["CacheParameterGroupFamily"] not in FAMILIES:
        refuse_value(f"CacheParameterGroupFamily {asked['CacheParameterGroupFamily']} is not a valid parameter group family")
    if not asked.get("Description"):
        refuse_value("The description must be provided and must not be blank.")
    group = ParameterGroup(self, name, asked["CacheParameterGroupFamily"], asked["Description"])
    parameter_groups(self)[name] = group
    self.tagging_service.tag_resource(group.arn, asked.get("Tags", []))
    return group


def own_parameter_group(backend, name):
    group = parameter_group(backend, name)
    if name.startswith("default."):
        raise Refused("InvalidCacheParameterGroupStateFault", f"The default parameter group {name} cannot be changed.")
    return group


def check_parameter(name, value):
    if name not in PARAMETERS:
        refuse_value(f"Could not find parameter with name: {name}")
    _, data_type, allowed = PARAMETERS[name]
    if data_type == "integer" and not re.fullmatch(r"-?\d+", value):
        refuse_value(f"The parameter {name} is an integer, and {value} is none.")
    if data_type == "string" and allowed and value not in allowed.split(","):
        refuse_value(f"The parameter value {value} is not valid for {name}: {allowed}")


def modify_parameter_group(self, asked):
    group = own_parameter_group(self, asked["CacheParameterGroupName"])
    changes = asked.get("ParameterNameValues") or []
    if not 1 <= len(changes) <= 20:
        refuse_value("1 to 20 parameters are changed at once.")
    for change in changes:
        check_parameter(change["ParameterName"], change["ParameterValue"])
    group.set.update({change["ParameterName"]: change["ParameterValue"] for change in changes})
    return {"CacheParameterGroupName": group.cache_parameter_group_name}


def reset_parameter_group(self, asked):
    group = own_parameter_group(self, asked["CacheParameterGroupName"])
    if asked.get("ResetAllParameters"):
        group.set.clear()
    for change in asked.get("ParameterNameValues") or []:
        group.set.pop(change["ParameterName"], None)
    return {"CacheParameterGroupName": group.cache_parameter_group_name}


def delete_parameter_group(self, asked):
    group = own_parameter_group(self, asked["CacheParameterGroupName"])
    name = group.cache_parameter_group_name
    users = [one for one in self.replication_groups.values() if one.cache_parameter_group_name == name]
    if users:
        message = f"One or more cache clusters are still members of this parameter group {name}."
        raise Refused("InvalidCacheParameterGroupStateFault", message)
    self.tagging_service.delete_all_tags_for_resource(group.arn)
    del parameter_groups(self)[name]
