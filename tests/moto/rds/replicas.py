"""Read replicas: "Working with read replicas for Amazon RDS for PostgreSQL" of the User Guide."""

import copy

from moto.moto_api._internal import mock_random as random
from moto.rds.exceptions import (
    DBInstanceAlreadyExists,
    InvalidParameterCombination,
    InvalidParameterValue,
    RDSClientError,
)
from moto.rds.models import RDSBackend

from . import states
from .changes import replace
from .instances import comes_with, fits, started, watch


def install():
    replace(
        RDSBackend,
        create_db_instance_read_replica=create_db_instance_read_replica,
        promote_read_replica=promote_read_replica,
    )


def create_db_instance_read_replica(_original):
    """CreateDBInstanceReadReplica: an object of its own, with the data of its source and nothing else of it."""

    def changed(self, db_kwargs):
        asked = dict(db_kwargs.items())
        name, source_name = asked["db_instance_identifier"], asked["source_db_instance_identifier"]
        if name in self.databases:
            raise DBInstanceAlreadyExists()
        self._validate_db_identifier(name)
        source = self.find_db_from_id(source_name)
        allowed(source, asked, is_near=source.region == self.region_name)
        replica = copy.copy(source)
        for gone in ("master_user_secret", "became", "pending", "performance_insights_enabled"):
            replica.__dict__.pop(gone, None)
        replica.backend = self
        replica.manage_master_user_password = False
        replica.deletion_protection = replica.multi_az = False
        replica.backup_retention_period = 0
        replica.enabled_cloudwatch_logs_exports = asked.pop("enable_cloudwatch_logs_exports", None) or []
        replica.tags = []
        replica.dbi_resource_id = "db-" + random.get_random_string(26).upper()
        replica.parameters_wait = False
        replica.db_parameter_group_name = source.db_parameter_group_name if source.region == self.region_name else None
        near_name = source.db_instance_identifier
        asked["source_db_instance_identifier"] = (
            near_name if source.region == self.region_name else source.db_instance_arn
        )
        replica.update(**asked)
        replica.set_as_replica()
        watch(replica, asked)
        comes_with(replica)
        self.databases[name] = replica
        started(replica)
        source.add_replica(replica)
        states.begin(replica, "creating")
        return replica

    return changed


def allowed(source, asked, is_near):
    fits(asked.get("db_instance_class"), asked.get("allocated_storage"))
    if asked.get("db_parameter_group_name"):
        # DBParameterGroupName; hashicorp/terraform-provider-aws#38056.
        raise InvalidParameterCombination(
            "A parameter group can't be specified during Read Replica creation for the following DB engine: postgres"
        )
    if (asked.get("allocated_storage") or source.allocated_storage) < source.allocated_storage:
        # AllocatedStorage: "Be sure to allocate enough storage for your read replica so that the create operation can succeed."
        raise InvalidParameterCombination(
            f"The read replica needs at least the {source.allocated_storage} GiB of storage of its source."
        )
    if source.backup_retention_period == 0:
        raise RDSClientError(
            "InvalidDBInstanceState", "Automated backups are not enabled for this database instance."
        )
    if source.manage_master_user_password:
        # "Limitations for Secrets Manager integration with Amazon RDS": all engines but SQL Server.
        raise InvalidParameterValue(
            "Creating read replicas for source instance with engine postgres where ManageMasterUserPassword is enabled is not supported."
        )
    if not is_near and source.storage_encrypted and not asked.get("kms_key_id"):
        raise InvalidParameterValue(
            "Cannot create a cross region read replica from an encrypted source without a KMS key of the region of the replica."
        )
    if is_near and asked.get("kms_key_id") not in (None, source.kms_key_id):
        raise InvalidParameterValue("An encrypted read replica in the same region has the key of its source.")


def promote_read_replica(_original):
    """PromoteReadReplica: it forgets its source, and its source forgets it."""

    def changed(self, db_kwargs):
        asked = dict(db_kwargs.items())
        replica = self.describe_db_instances(asked.pop("db_instance_identifier"))[0]
        if not replica.is_replica:
            raise RDSClientError("InvalidDBInstanceState", "DB Instance is not a read replica.")

        def then():
            source = self.find_db_from_id(replica.source_db_instance_identifier)
            source.remove_replica(replica)
            replica.source_db_instance_identifier = None
            replica.is_replica = False
            replica.update(**asked)

        states.begin(replica, "modifying", then)
        return replica

    return changed
