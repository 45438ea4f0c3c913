"""Security groups and network ACLs of EC2.

A group that is in use is not deleted: one that a rule of another group names, or that something in the network carries.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html (DependencyViolation)

A rule that a group has is not added again (InvalidPermission.Duplicate); what it is called and its tags make no other rule of it.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupIngress.html

Every network ACL ends with an entry that denies, which has the number 32767 and which nobody can change; new ones of moto have none.
https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html

Lists of network ACLs and endpoints are filtered by id, too.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkAcls.html (network-acl-id)
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcEndpoints.html (vpc-endpoint-id)

A repeated entry or one that does not exist is refused; moto fails without an answer for the latter.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteNetworkAclEntry.html (InvalidNetworkAclEntry.NotFound)

A direction of a network ACL takes 20 entries, the last one among them.
https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html (Rules per network ACL: NetworkAclEntryLimitExceeded)

An endpoint is deleting for MOTO_EC2_MILLISECONDS, then deleted. Until then no other one of its VPC can have its service's own name, and
no endpoint has that of a service which has none.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcEndpoint.html (state)
https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html (private DNS names)
"""

import time

from ec2 import DELAY_S, instead
from moto.ec2.exceptions import DependencyViolationError, EC2ClientError
from moto.ec2.models.network_acls import NetworkAcl, NetworkAclBackend
from moto.ec2.models.security_groups import SecurityGroupBackend, SecurityGroupRule
from moto.ec2.models.vpcs import VPCBackend, VPCEndPoint
from moto.elasticache.models import elasticache_backends
from moto.rds.models import rds_backends


ENTRIES = 20


def install():
    SecurityGroupRule.__eq__ = says_the_same
    delete_group = SecurityGroupBackend._delete_security_group

    def delete_unused(self, vpc_id, group_id):
        if is_used(self, group_id):
            raise DependencyViolationError(f"resource {group_id} has a dependent object")
        delete_group(self, vpc_id, group_id)

    SecurityGroupBackend._delete_security_group = delete_unused
    create_acl = NetworkAclBackend.create_network_acl

    def create_with_end(self, vpc_id, tags=None, default=False):
        acl = create_acl(self, vpc_id, tags=tags, default=default)
        if not default:
            for egress in (False, True):
                self.create_network_acl_entry(
                    acl.id, 32767, "-1", "deny", egress, "0.0.0.0/0", None, None, None, None, None
                )
        return acl

    NetworkAclBackend.create_network_acl = create_with_end
    delete_entry = NetworkAclBackend.delete_network_acl_entry

    def delete_existing(self, network_acl_id, rule_number, egress):
        entries = self.get_network_acl(network_acl_id).network_acl_entries
        if not any(entry.egress == egress and entry.rule_number == rule_number for entry in entries):
            raise NoSuchEntry(rule_number, network_acl_id)
        return delete_entry(self, network_acl_id, rule_number, egress)

    NetworkAclBackend.delete_network_acl_entry = delete_existing
    instead(NetworkAclBackend, "create_network_acl_entry", add_within_quota)
    VPCEndPoint.state = property(state_now, begin_state)
    instead(VPCBackend, "create_vpc_endpoint", name_once)
    filter_by_id(NetworkAcl, "network-acl-id")
    filter_by_id(VPCEndPoint, "vpc-endpoint-id")


def add_within_quota(add, self, network_acl_id, rule_number, protocol, rule_action, egress, *args, **kwargs):
    entries = self.get_network_acl(network_acl_id).network_acl_entries
    if len([entry for entry in entries if entry.egress == egress]) >= ENTRIES:
        raise EC2ClientError(
            "NetworkAclEntryLimitExceeded",
            f"The maximum number of network acl entries has been reached for {network_acl_id}",
        )
    return add(self, network_acl_id, rule_number, protocol, rule_action, egress, *args, **kwargs)


def begin_state(endpoint, state):
    vars(endpoint)["state_since"] = (state, time.monotonic())


def state_now(endpoint):
    state, since = vars(endpoint)["state_since"]
    return "deleting" if state == "deleted" and time.monotonic() < since + DELAY_S else state


def name_once(create, self, *args, **kwargs):
    vpc, service = kwargs["vpc_id"], kwargs["service_name"]
    if kwargs.get("private_dns_enabled") and kwargs["endpoint_type"] == "Interface":
        if ".vpce-svc-" in service:
            raise EC2ClientError(
                "InvalidParameter",
                f"Private DNS can't be enabled because the service {service} does not provide a private DNS name.",
            )
        others = [end for end in self.vpc_end_points.values() if end.state != "deleted" and end.private_dns_enabled]
        if any((end.vpc_id, end.service_name, end.vpc_endpoint_type) == (vpc, service, "Interface") for end in others):
            raise EC2ClientError(
                "InvalidParameter",
                f"private-dns-enabled cannot be set because there is already a conflicting DNS domain for {service} in the VPC {vpc}",
            )
    return create(self, *args, **kwargs)


def filter_by_id(kind, name):
    others = kind.get_filter_value

    def value(self, filter_name, method_name=None):
        return self.id if filter_name == name else others(self, filter_name, method_name)

    kind.get_filter_value = value


class NoSuchEntry(EC2ClientError):
    def __init__(self, number, acl):
        super().__init__(
            "InvalidNetworkAclEntry.NotFound",
            f"The network acl entry identified by {number} in network acl {acl} does not exist",
        )


def says_the_same(self, other):
    def content(rule):
        ports = (None, None) if rule.ip_protocol == "-1" else (rule.from_port, rule.to_port)
        end = (rule.cidr_ipv4, rule.cidr_ipv6, rule.source_group.get("GroupId"), rule.prefix_list_id)
        return rule.ip_protocol, ports, end

    return content(self) == content(other)


def is_used(backend, group):
    rules = (
        rule
        for groups in backend.groups.values()
        for other in groups.values()
        if other.id != group
        for rule in other.ingress_rules + other.egress_rules
    )
    interfaces = backend.enis.values()
    endpoints = (end for end in backend.vpc_end_points.values() if end.state != "deleted")
    databases = rds_backends[backend.account_id][backend.region_name].databases.values()
    caches = elasticache_backends[backend.account_id][backend.region_name].replication_groups.values()
    return (
        any(rule.source_group.get("GroupId") == group for rule in rules)
        or any(group in [carried.id for carried in interface.group_set] for interface in interfaces)
        or any(group in endpoint.security_group_ids for endpoint in endpoints)
        or any(group in database.vpc_security_group_ids for database in databases)
        or any(group in (getattr(cache, "security_group_ids", None) or []) for cache in caches)
    )
