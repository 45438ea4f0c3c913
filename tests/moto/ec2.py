"""Networks of EC2: client tokens, gateways that take their time, and what AWS refuses while something is in use.

A call with a client token that was seen before answers with what the first call made, and is refused if it asks for something else.
https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html (IdempotentParameterMismatch)

A NAT gateway is pending, then available, or failed where its VPC has no way to the internet or its address is another's still;
deleting, then deleted. It keeps its address and its network interface until it is deleted. MOTO_EC2_MILLISECONDS says how long each
takes.
https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html
https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html (Gateway.NotAttached, Resource.AlreadyAssociated)

An address that is associated is not released.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReleaseAddress.html (InvalidIPAddress.InUse)

A subnet with network interfaces, a VPC with an internet gateway, and an internet gateway of a VPC with public addresses stay.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (DependencyViolation)

A filter with several values lets through what has one of them; moto asks for all of an object's values where it has several.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Filter.html

A subnet follows one route table, and a route leads through the internet gateway of its own VPC.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateRouteTable.html (Resource.AlreadyAssociated)
"""

import fnmatch
import functools
import os
import time

from moto.ec2 import utils
from moto.ec2.exceptions import DependencyViolationError, EC2ClientError
from moto.ec2.models.elastic_ip_addresses import ElasticAddressBackend
from moto.ec2.models.internet_gateways import InternetGatewayBackend
from moto.ec2.models.nat_gateways import NatGateway, NatGatewayBackend
from moto.ec2.models.route_tables import RouteBackend
from moto.ec2.models.subnets import SubnetBackend
from moto.ec2.models.vpcs import VPCBackend
from moto.ec2.responses import EC2Response

DELAY_S = int(os.environ.get("MOTO_EC2_MILLISECONDS", "100")) / 1000

WITH_TOKEN = [
    "create_flow_logs",
    "create_nat_gateway",
    "create_network_acl",
    "create_route_table",
    "create_vpc_endpoint",
]


def install():
    for name in WITH_TOKEN:
        setattr(EC2Response, name, idempotent(name, getattr(EC2Response, name)))
    install_nat_gateways()
    instead(utils, "is_filter_matching", has_one_of)
    instead(ElasticAddressBackend, "release_address", release_unused)
    instead(SubnetBackend, "delete_subnet", delete_empty_subnet)
    instead(VPCBackend, "delete_vpc", delete_detached_vpc)
    instead(InternetGatewayBackend, "detach_internet_gateway", detach_unused)
    instead(RouteBackend, "associate_route_table", associate_once)
    instead(RouteBackend, "create_route", create_route_in_vpc)


def instead(owner, name, new):
    """Calls `new` with the function of moto before the arguments."""
    old = getattr(owner, name)
    setattr(owner, name, functools.wraps(old)(lambda *args, **kwargs: new(old, *args, **kwargs)))


def idempotent(name, create):
    @functools.wraps(create)
    def once(self):
        token = self._get_param("ClientToken")
        if not token:
            return create(self)
        # They go with the backend when all is reset.
        answers = self.ec2_backend.__dict__.setdefault("answers_by_token", {})
        asked = {key: value for key, value in self.params.items() if key != "ClientToken"}
        before = answers.get((name, token))
        if before is None:
            before = answers[(name, token)] = (asked, create(self))
        if before[0] != asked:
            raise EC2ClientError(
                "IdempotentParameterMismatch",
                "The client token you have provided is associated with a resource of different parameters.",
            )
        return before[1]

    return once


def install_nat_gateways():
    NatGateway.state = property(state_now, lambda self, state: None)
    NatGateway.failure_code = property(lambda self: vars(self).get("failure", (None, None))[0])
    NatGateway.failure_message = property(lambda self: vars(self).get("failure", (None, None))[1])
    instead(NatGatewayBackend, "create_nat_gateway", begin_nat_gateway)
    instead(NatGatewayBackend, "delete_nat_gateway", end_nat_gateway)
    instead(NatGatewayBackend, "describe_nat_gateways", describe_tagged)


def state_now(gateway):
    now = time.monotonic()
    deleted, begun = vars(gateway).get("deleted_at"), vars(gateway).get("begun_at", now)
    if deleted is not None:
        if now < deleted + DELAY_S:
            return "deleting"
        let_go(gateway)
        return "deleted"
    if now < begun + DELAY_S:
        return "pending"
    return "failed" if "failure" in vars(gateway) else "available"


def let_go(gateway):
    backend = gateway.ec2_backend
    for address in gateway.address_set:
        association = address.pop("associationId", None)
        if association and any(known.association_id == association for known in backend.addresses):
            backend.disassociate_address(association_id=association)
        backend.enis.pop(address.get("networkInterfaceId"), None)


def begin_nat_gateway(create, self, subnet_id, allocation_id, *args, **kwargs):
    settle(self)
    is_taken = any(one.association_id for one in self.addresses if one.allocation_id == allocation_id)
    gateway = create(self, subnet_id, None if is_taken else allocation_id, *args, **kwargs)
    gateway.begun_at = time.monotonic()
    if is_taken:
        gateway.failure = ("Resource.AlreadyAssociated", f"Elastic IP address [{allocation_id}] is already associated")
        let_go(gateway)
    if gateway.connectivity_type != "private" and not attached_to(self, gateway.vpc_id):
        gateway.failure = ("Gateway.NotAttached", f"Network {gateway.vpc_id} has no Internet gateway attached")
        let_go(gateway)
    return gateway


def end_nat_gateway(_delete, self, nat_gateway_id):
    gateway = self.nat_gateways.get(nat_gateway_id)
    if gateway is None:
        raise EC2ClientError("NatGatewayNotFound", f"NAT gateway {nat_gateway_id} was not found")
    if "deleted_at" not in vars(gateway):
        gateway.deleted_at = time.monotonic()
    return gateway


def describe_tagged(describe, self, filters, nat_gateway_ids):
    """moto leaves filters by tag out."""
    tagged = {name[4:]: values for name, values in (filters or {}).items() if name.startswith("tag:")}

    def has_all(gateway):
        tags = {tag["key"]: tag["value"] for tag in gateway.get_tags()}
        return all(tags.get(key) in values for key, values in tagged.items())

    return [gateway for gateway in describe(self, filters, nat_gateway_ids) if has_all(gateway)]


def has_one_of(is_matching, resource, name, wanted):
    values = resource.get_filter_value(name)
    if not isinstance(values, (list, set, type({}.keys()), type({}.values()))):
        return is_matching(resource, name, wanted)
    wanted = wanted if isinstance(wanted, list) else [wanted]
    return any(fnmatch.fnmatch(value, pattern) for value in values for pattern in wanted)


def attached_to(backend, vpc_id):
    gateways = backend.internet_gateways.values()
    return [gateway for gateway in gateways if gateway.vpc and gateway.vpc.id == vpc_id]


def settle(backend):
    for gateway in backend.nat_gateways.values():
        state_now(gateway)


def release_unused(release, self, address=None, allocation_id=None):
    settle(self)
    for known in self.addresses:
        if known.association_id and (known.allocation_id == allocation_id or known.public_ip == address):
            raise EC2ClientError("InvalidIPAddress.InUse", f"The address {known.public_ip} is in use")
    return release(self, address=address, allocation_id=allocation_id)


def delete_empty_subnet(delete, self, subnet_id):
    settle(self)
    if any(interface.subnet.id == subnet_id for interface in self.enis.values()):
        raise DependencyViolationError(f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")
    return delete(self, subnet_id)


def delete_detached_vpc(delete, self, vpc_id):
    if attached_to(self, vpc_id):
        raise DependencyViolationError(f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")
    return delete(self, vpc_id)


def detach_unused(detach, self, internet_gateway_id, vpc_id):
    settle(self)
    mapped = {known.eni.subnet.vpc_id for known in self.addresses if known.eni}
    if vpc_id in mapped:
        raise DependencyViolationError(
            f"Network {vpc_id} has some mapped public address(es). Please unmap those before detaching the gateway."
        )
    return detach(self, internet_gateway_id, vpc_id)


def associate_once(associate, self, route_table_id, gateway_id=None, subnet_id=None):
    for table in self.route_tables.values():
        if subnet_id and subnet_id in table._associations.values():
            raise EC2ClientError(
                "Resource.AlreadyAssociated",
                f"the specified association for route table {route_table_id} conflicts with an existing association",
            )
    return associate(self, route_table_id, gateway_id=gateway_id, subnet_id=subnet_id)


def create_route_in_vpc(create, self, route_table_id, *args, gateway_id=None, **kwargs):
    if gateway_id and gateway_id.startswith("igw-"):
        vpc_id = self.get_route_table(route_table_id).vpc_id
        if gateway_id not in [gateway.id for gateway in attached_to(self, vpc_id)]:
            raise EC2ClientError(
                "InvalidParameterValue",
                f"route table {route_table_id} and network gateway {gateway_id} belong to different networks",
            )
    return create(self, route_table_id, *args, gateway_id=gateway_id, **kwargs)
