# What an account has, as `boto3` sees it: for each type of resource the objects by the identity that the engine records.
# What AWS gives every account (default VPCs, their parts, its own keys) is left out; what was deleted and waits is listed apart.


def pages(service, operation, field, **arguments):
    found = client(service)
    if found.can_paginate(operation):
        return [one for page in found.get_paginator(operation).paginate(**arguments) for one in page[field]]
    return getattr(found, operation)(**arguments)[field]


def by(identity, objects):
    return {one[identity]: one for one in objects}


def in_vpcs(objects, vpcs):
    return [one for one in objects if one.get("VpcId") in vpcs]


def network():
    vpcs = by("VpcId", [vpc for vpc in pages("ec2", "describe_vpcs", "Vpcs") if not vpc["IsDefault"]])
    groups = [one for one in in_vpcs(pages("ec2", "describe_security_groups", "SecurityGroups"), vpcs) if one["GroupName"] != "default"]
    names = {group["GroupId"] for group in groups}
    tables = in_vpcs(pages("ec2", "describe_route_tables", "RouteTables"), vpcs)
    own_tables = [table for table in tables if not any(one.get("Main") for one in table["Associations"])]
    gateways = [one for one in pages("ec2", "describe_internet_gateways", "InternetGateways") if is_ours(one)]
    rules = pages("ec2", "describe_security_group_rules", "SecurityGroupRules")
    nats = [one for one in pages("ec2", "describe_nat_gateways", "NatGateways") if one["State"] not in ("deleting", "deleted")]
    acls = [one for one in in_vpcs(pages("ec2", "describe_network_acls", "NetworkAcls"), vpcs) if not one["IsDefault"]]
    endpoints = [one for one in pages("ec2", "describe_vpc_endpoints", "VpcEndpoints") if one["State"].lower() not in ("deleting", "deleted")]
    routes = {
        f"{table['RouteTableId']}|{route['DestinationCidrBlock']}": route
        for table in own_tables
        for route in table["Routes"]
        if route.get("GatewayId") != "local" and "DestinationCidrBlock" in route
    }
    associations = {
        one["SubnetId"]: one for table in own_tables for one in table["Associations"] if one.get("SubnetId")
    }
    return {
        "aws.ec2.vpc": vpcs,
        "aws.ec2.subnet": by("SubnetId", in_vpcs(pages("ec2", "describe_subnets", "Subnets"), vpcs)),
        "aws.ec2.internet_gateway": by("InternetGatewayId", gateways),
        "aws.ec2.elastic_ip": by("AllocationId", pages("ec2", "describe_addresses", "Addresses")),
        "aws.ec2.nat_gateway": by("NatGatewayId", nats),
        "aws.ec2.route_table": by("RouteTableId", own_tables),
        "aws.ec2.route": routes,
        "aws.ec2.route_table_association": associations,
        "aws.ec2.security_group": by("GroupId", groups),
        "aws.ec2.security_group_rule": by("SecurityGroupRuleId", [rule for rule in rules if rule["GroupId"] in names]),
        "aws.ec2.network_acl": by("NetworkAclId", acls),
        "aws.ec2.vpc_endpoint": by("VpcEndpointId", endpoints),
        "aws.ec2.flow_log": by("FlowLogId", pages("ec2", "describe_flow_logs", "FlowLogs")),
    }


def is_ours(one):
    return any(tag["Key"] == "infra:lineage" for tag in one.get("Tags", []))


def databases():
    instances = pages("rds", "describe_db_instances", "DBInstances")
    replicas = [one for one in instances if one.get("ReadReplicaSourceDBInstanceIdentifier")]
    primaries = [one for one in instances if not one.get("ReadReplicaSourceDBInstanceIdentifier")]
    groups = pages("rds", "describe_db_parameter_groups", "DBParameterGroups")
    proxies = by("DBProxyName", pages("rds", "describe_db_proxies", "DBProxies"))
    targets = {
        f"{proxy}/{target['RdsResourceId']}": target
        for proxy in proxies
        for target in pages("rds", "describe_db_proxy_targets", "Targets", DBProxyName=proxy)
    }
    return {
        "aws.rds.instance": by("DBInstanceIdentifier", primaries),
        "aws.rds.replica": by("DBInstanceIdentifier", replicas),
        "aws.rds.subnet_group": by("DBSubnetGroupName", pages("rds", "describe_db_subnet_groups", "DBSubnetGroups")),
        "aws.rds.parameter_group": by("DBParameterGroupName", [one for one in groups if not one["DBParameterGroupName"].startswith("default.")]),
        "aws.rds.proxy": proxies,
        "aws.rds.proxy_target": targets,
        "aws.cloudwatch.alarm": by("AlarmName", pages("cloudwatch", "describe_alarms", "MetricAlarms")),
    }


def caches():
    groups = pages("elasticache", "describe_cache_parameter_groups", "CacheParameterGroups")
    return {
        "aws.elasticache.replication_group": by("ReplicationGroupId", pages("elasticache", "describe_replication_groups", "ReplicationGroups")),
        "aws.elasticache.subnet_group": by("CacheSubnetGroupName", pages("elasticache", "describe_cache_subnet_groups", "CacheSubnetGroups")),
        "aws.elasticache.parameter_group": by("CacheParameterGroupName", [one for one in groups if not one["CacheParameterGroupName"].startswith("default.")]),
    }


def keys():
    every = [client("kms").describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in pages("kms", "list_keys", "Keys")]
    customers = [key for key in every if key["KeyManager"] == "CUSTOMER"]
    aliases = [one for one in pages("kms", "list_aliases", "Aliases") if not one["AliasName"].startswith("alias/aws/")]
    secrets = pages("secretsmanager", "list_secrets", "SecretList", IncludePlannedDeletion=True)
    return {
        "aws.kms.key": by("KeyId", [key for key in customers if key["KeyState"] != "PendingDeletion"]),
        "aws.kms.alias": by("AliasName", aliases),
        "aws.secretsmanager.secret": by("ARN", [one for one in secrets if not one.get("DeletedDate") and is_ours(one)]),
        "waiting": {
            **by("KeyId", [key for key in customers if key["KeyState"] == "PendingDeletion"]),
            **by("ARN", [one for one in secrets if one.get("DeletedDate")]),
        },
    }


def stores():
    users = pages("iam", "list_users", "Users")
    access_keys = [key for user in users for key in pages("iam", "list_access_keys", "AccessKeyMetadata", UserName=user["UserName"])]
    return {
        "aws.s3.bucket": by("Name", client("s3").list_buckets()["Buckets"]),
        "aws.iam.user": by("UserName", users),
        "aws.iam.access_key": by("AccessKeyId", access_keys),
        "aws.iam.role": by("RoleName", pages("iam", "list_roles", "Roles")),
        "aws.logs.log_group": by("logGroupName", pages("logs", "describe_log_groups", "logGroups")),
    }


def inventory():
    """Returns what there is, without the types of which there is nothing."""
    every = {**network(), **databases(), **caches(), **keys(), **stores()}
    return {of_type: objects for of_type, objects in every.items() if objects}
