"""Subnet groups, and tags of groups."""

from moto.core.resource_tagging import TaggedResource
from moto.rds.exceptions import DBSubnetGroupNotFoundError, RDSClientError
from moto.rds.models import RDSBackend

from .changes import replace


def install():
    replace(
        RDSBackend,
        create_subnet_group=create_subnet_group,
        modify_db_subnet_group=modify_db_subnet_group,
        delete_subnet_group=delete_subnet_group,
        delete_db_parameter_group=delete_db_parameter_group,
        iter_tagged_resources=iter_tagged_resources,
    )


def covers_two_zones(subnets):
    """Create- and ModifyDBSubnetGroup, errors: DBSubnetGroupDoesNotCoverEnoughAZs."""
    if len({subnet.availability_zone for subnet in subnets}) < 2:
        raise RDSClientError(
            "DBSubnetGroupDoesNotCoverEnoughAZs",
            "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. "
            "Current AZ coverage is less than 2. Add subnets to cover at least 2 AZs.",
        )


def create_subnet_group(original):
    """CreateDBSubnetGroup, errors: DBSubnetGroupAlreadyExists."""

    def changed(self, subnet_name, description, subnets, tags):
        if subnet_name in self.subnet_groups:
            raise RDSClientError("DBSubnetGroupAlreadyExists", f"The DB subnet group {subnet_name} already exists.")
        covers_two_zones(subnets)
        return original(self, subnet_name, description, subnets, tags)

    return changed


def modify_db_subnet_group(_original):
    """ModifyDBSubnetGroup; moto forgets the group. The new subnets are of the same VPC."""

    def changed(self, subnet_name, description, subnets):
        group = self.subnet_groups.get(subnet_name)
        if group is None:
            raise DBSubnetGroupNotFoundError(subnet_name)
        covers_two_zones(subnets)
        if any(subnet.vpc_id != group.vpc_id for subnet in subnets):
            raise RDSClientError(
                "InvalidParameterValue", "The new Subnets are not in the same Vpc as the existing subnet group"
            )
        group.subnets = subnets
        if description is not None:
            group.description = description
        return group

    return changed


def delete_subnet_group(original):
    """DeleteDBSubnetGroup: it must not be associated with any DB instances; InvalidDBSubnetGroupStateFault."""

    def changed(self, subnet_name):
        users = [name for name, database in self.databases.items() if group_of(database) == subnet_name]
        if users:
            raise RDSClientError(
                "InvalidDBSubnetGroupStateFault",
                f"Cannot delete the subnet group '{subnet_name}' because at least one database instance: {users[0]} is still using it.",
            )
        return original(self, subnet_name)

    return changed


def group_of(database):
    group = getattr(database, "db_subnet_group", None)
    return group and group.name


def delete_db_parameter_group(original):
    """DeleteDBParameterGroup: it can't be associated with any DB instances; InvalidDBParameterGroupState."""

    def changed(self, db_parameter_group_name):
        users = [db for db in self.databases.values() if db.db_parameter_group_name == db_parameter_group_name]
        if users:
            raise RDSClientError(
                "InvalidDBParameterGroupState",
                "One or more database instances are still members of this parameter group "
                f"{db_parameter_group_name}, so the group cannot be deleted",
            )
        return original(self, db_parameter_group_name)

    return changed


def iter_tagged_resources(original):
    """Resource Groups Tagging API, "Services that support it": parameter and subnet groups of RDS, too."""

    def changed(self):
        yield from original(self)
        for kind, groups in (("rds:pg", self.db_parameter_groups), ("rds:subgrp", self.subnet_groups)):
            for group in groups.values():
                tags = {tag["Key"]: tag["Value"] for tag in group.get_tags()}
                yield TaggedResource(arn=group.arn, tags=tags, resource_type=kind)

    return changed
