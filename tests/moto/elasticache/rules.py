"""What the service refuses, where moto takes anything."""

import re

from moto.ec2.models import ec2_backends
from moto.elasticache.exceptions import InvalidSubnet

from .errors import Refused, refuse_combination, refuse_value
from .parameters import VERSIONS, parameter_group

NODE_TYPE = re.compile(r"cache\.(t3|t4g|m5|m6g|m7g|r5|r6g|r7g)\.(micro|small|medium|large|\d*xlarge)")
IDENTIFIER = re.compile(r"[a-z](?!.*--)[a-z0-9-]{0,39}(?<!-)")
TOKEN = re.compile(r"[A-Za-z0-9!&#$^<>-]{16,128}")


def check_engine(backend, engine, version, parameters, cluster):
    if engine not in VERSIONS:
        refuse_value(f"Invalid value for engine: {engine}")
    family = VERSIONS[engine].get(version)
    if family is None:
        refuse_combination(f"Cannot find version {version} for {engine}")
    group = parameter_group(backend, parameters)
    if group.cache_parameter_group_family != family:
        refuse_combination(
            f"Expected a parameter group of family {family} but found one of family {group.cache_parameter_group_family}"
        )
    if (group.value("cluster-enabled") == "yes") != cluster:
        refuse_combination(f"The parameter group {parameters} does not fit the cluster mode of the replication group.")


def check_nodes(cluster, node_type, counts, failover, multi_az):
    if not NODE_TYPE.fullmatch(node_type or ""):
        refuse_value(f"Invalid cache node type: {node_type}")
    if any(not 0 <= count <= 5 for count in counts.values()):
        refuse_value("The number of replicas must be from 0 to 5.")
    nodes_in_all = sum(count + 1 for count in counts.values())
    if nodes_in_all > 90:
        raise Refused("NodeQuotaForClusterExceededFault", f"{nodes_in_all} nodes exceed the quota of 90 for a cluster.")
    if cluster and not failover:
        refuse_combination("Automatic failover must be enabled in cluster mode.")
    if failover and not cluster and min(counts.values()) == 0:
        refuse_combination("Automatic failover is not supported for a primary without replicas.")
    if multi_az and (not failover or min(counts.values()) == 0):
        refuse_combination("Multi-AZ takes automatic failover and a replica.")


def check_security(backend, groups):
    known = ec2_backends[backend.account_id][backend.region_name]
    for group in groups:
        if known.get_security_group_from_id(group) is None:
            refuse_value(f"Some security group ids are invalid: {group}")


def check_token(token):
    if not TOKEN.fullmatch(token):
        refuse_value("Invalid AuthToken provided: 16 to 128 letters, digits and some punctuation.")


def subnets_of(backend, ids):
    try:
        found = ec2_backends[backend.account_id][backend.region_name].describe_subnets(subnet_ids=ids)
    except Exception:
        raise InvalidSubnet(subnet_id=",".join(ids))
    if not found:
        refuse_value("A subnet group has at least one subnet.")
    if len({subnet.vpc_id for subnet in found}) > 1:
        raise InvalidSubnet(subnet_id=found[-1].id)
    return found
