"""Instances: made, changed, restarted and deleted as the service does it."""

from moto.moto_api._internal import mock_random as random
from moto.rds.exceptions import (
    InvalidDBInstanceStateFault,
    InvalidParameterCombination,
    InvalidParameterValue,
    RDSClientError,
)
from moto.rds.models import DBInstance, RDSBackend

from . import states
from .catalogue import CLASS, PLAIN, STRIPED, STRIPED_GB, full_version, major
from .changes import replace

# Changes that take their time; what else is asked for is there at once.
SLOW = {
    "allocated_storage",
    "backup_retention_period",
    "ca_certificate_identifier",
    "db_instance_class",
    "db_port_number",
    "engine_version",
    "iops",
    "multi_az",
    "storage_throughput",
    "storage_type",
}
# Names in PendingModifiedValues that differ from those in the request.
PENDING = {"db_port_number": "Port"}


def install():
    replace(
        RDSBackend,
        create_db_instance=create_db_instance,
        modify_db_instance=modify_db_instance,
        reboot_db_instance=reboot_db_instance,
        delete_db_instance=delete_db_instance,
    )
    replace(DBInstance, update=update, remove_replica=remove_replica)
    DBInstance.pending_modified_values = property(pending_modified_values)


def provisioned(kind, size):
    return kind in ("io1", "io2") or (kind == "gp3" and size >= STRIPED_GB)


def storage_fits(database, asked):
    """ModifyDBInstance, AllocatedStorage, Iops, StorageThroughput: size and operations come together where they are provisioned
    (hashicorp/terraform-provider-aws#28382), and not at all below 400 GiB of `gp3` (crossplane-contrib/provider-aws#1630). Less than a
    tenth more is rounded up."""
    has = database.allocated_storage
    size = asked.get("allocated_storage")
    if size is not None and has < size:
        asked["allocated_storage"] = size = max(size, -(-has * 11 // 10))
    kind, speed = asked.get("storage_type") or database.storage_type, asked.get("iops") or asked.get("storage_throughput")
    if not provisioned(kind, size or has):
        if speed:
            raise InvalidParameterCombination(
                "You can't specify IOPS or storage throughput for engine postgres and a storage size less than 400."
            )
        return
    is_about = size is not None or speed or kind != database.storage_type
    if is_about and (size is None or asked.get("iops") is None):
        raise InvalidParameterCombination(
            "You must specify both the storage size and iops when modifying the storage size or iops on a DB instance that has iops."
        )


def comes_with(database):
    """Operations and throughput of `gp3` that nobody chose."""
    if database.storage_type == "gp3" and not (database.iops and database.allocated_storage >= STRIPED_GB):
        speed = STRIPED if database.allocated_storage >= STRIPED_GB else PLAIN
        database.iops, database.storage_throughput = speed


def lower(asked):
    """PreferredMaintenanceWindow: told in lower case (aws-cloudformation-resource-providers-rds#413)."""
    if asked.get("preferred_maintenance_window"):
        asked["preferred_maintenance_window"] = asked["preferred_maintenance_window"].lower()


def fits(database_class=None, storage=None, has=0):
    """Create- and ModifyDBInstance: classes and sizes that there are; storage grows by a tenth at least and never shrinks."""
    if database_class is not None and not CLASS.fullmatch(database_class):
        raise InvalidParameterValue(f"Invalid DB Instance class: {database_class}")
    if storage is None:
        return
    if not 20 <= storage <= 65536:
        raise InvalidParameterCombination("Invalid storage size for engine name postgres and storage type gp3")
    if storage < has:
        raise InvalidParameterCombination(
            f"Requested storage size ({storage}) cannot be less than the current storage size ({has})"
        )


def create_db_instance(original):
    """CreateDBInstance: a major version alone is its default minor one; keys and groups must fit."""

    def changed(self, db_kwargs):
        version = full_version(db_kwargs.get("engine_version"))
        if db_kwargs.get("engine") == "postgres":
            if version is None:
                raise InvalidParameterCombination(
                    f"Cannot find version {db_kwargs.get('engine_version')} for postgres"
                )
            fits(db_kwargs.get("db_instance_class"), db_kwargs.get("allocated_storage"))
            db_kwargs["engine_version"] = version
            of_version(self, db_kwargs.get("db_parameter_group_name"), version)
        if db_kwargs.get("kms_key_id"):
            self._validate_kms_key(db_kwargs["kms_key_id"])
        lower(db_kwargs)
        if db_kwargs.get("manage_master_user_password") and db_kwargs.get("master_user_password"):
            raise InvalidParameterCombination("You can't specify MasterUserPassword with ManageMasterUserPassword.")
        database = original(self, db_kwargs)
        database.dbi_resource_id = "db-" + random.get_random_string(26).upper()
        watch(database, db_kwargs)
        comes_with(database)
        started(database)
        states.begin(database, "creating")
        return database

    return changed


def of_version(backend, group, version):
    """A parameter group is of the family of the version."""
    family = group and backend.db_parameter_groups.get(group) and backend.db_parameter_groups[group].family
    if family and family != f"postgres{major(version)}":
        raise InvalidParameterCombination(
            f"The parameter group {group} with DBParameterGroupFamily {family} cannot be used for this instance. "
            f"Please use a Parameter Group with DBParameterGroupFamily postgres{major(version)}"
        )


def watch(database, asked):
    """Performance Insights, which moto does not keep."""
    if asked.get("enable_performance_insights") is not None:
        database.performance_insights_enabled = asked["enable_performance_insights"]
    if not getattr(database, "performance_insights_enabled", False):
        database.performance_insights_enabled = False
        database.performance_insights_retention_period = None
        database.performance_insights_kms_key_id = None
        return
    had = getattr(database, "performance_insights_retention_period", None)
    database.performance_insights_retention_period = asked.get("performance_insights_retention_period") or had or 7
    if asked.get("performance_insights_kms_key_id"):
        database.performance_insights_kms_key_id = asked["performance_insights_kms_key_id"]


def update(original):
    def changed(self, *arguments, **named):
        port = named.pop("db_port_number", None)
        named.pop("allow_major_version_upgrade", None)
        original(self, *arguments, **named)
        if port is not None:
            self.port = port

    return changed


def pending_modified_values(self):
    pending = getattr(self, "pending", None) or {}
    return {PENDING.get(name) or pascal(name): value for name, value in pending.items()}


def pascal(name):
    words = {"db": "DB", "az": "AZ", "ca": "CA"}
    return "".join(words.get(word, word.capitalize()) for word in name.split("_"))


def only_when_available(database):
    """InvalidDBInstanceState: "The DB instance isn't in a valid state." One with parameters that do not fit is restarted or deleted."""
    if states.is_busy(database) or database.status == "incompatible-parameters":
        raise RDSClientError(
            "InvalidDBInstanceState",
            f"Database instance is not in available state. It is {database.status}.",
        )


def modify_db_instance(original):
    """ModifyDBInstance: slow changes are pending until they are made, or, without ApplyImmediately, until the window."""

    def changed(self, db_instance_identifier, db_kwargs):
        database = self.describe_db_instances(db_instance_identifier)[0]
        only_when_available(database)
        asked = dict(db_kwargs.items())
        fits(asked.get("db_instance_class"), asked.get("allocated_storage"), database.allocated_storage)
        storage_fits(database, asked)
        lower(asked)
        upgrade(self, database, asked)
        slow = {name: asked.pop(name) for name in list(asked) if name in SLOW}
        slow = {name: value for name, value in slow.items() if value != has(database, name)}
        group = asked.get("db_parameter_group_name")
        if group and group != database.db_parameter_group_name:
            database.parameters_wait = True
        most = asked.pop("max_allocated_storage", None)
        original(self, db_instance_identifier, asked)
        watch(database, asked)
        database.pending = slow

        def then():
            database.update(**slow)
            comes_with(database)
            if "engine_version" in slow:
                upgrade_replicas(database)
            if most is not None:
                database.max_allocated_storage = most
            database.pending = None
            if {"db_instance_class", "engine_version"} & set(slow):
                database.parameters_wait = False
                started(database)

        if asked.get("apply_immediately") in (True, "true"):
            states.begin(database, "modifying", then)
        elif most is not None:
            database.max_allocated_storage = most
        return database

    return changed


def has(database, name):
    return database.port if name == "db_port_number" else getattr(database, name, None)


def upgrade(backend, database, asked):
    """A newer major version has to be allowed, and needs a parameter group of its family; an older one there is not."""
    if asked.get("engine_version") is None:
        return
    version = full_version(asked["engine_version"])
    if version is None:
        raise InvalidParameterCombination(f"Cannot find version {asked['engine_version']} for postgres")
    before, after = int(major(database.engine_version)), int(major(version))
    if after < before or (after > before and asked.get("allow_major_version_upgrade") not in (True, "true")):
        raise InvalidParameterCombination(
            f"Cannot upgrade postgres from {database.engine_version} to {version}"
        )
    of_version(backend, asked.get("db_parameter_group_name") or database.db_parameter_group_name, version)
    asked["engine_version"] = version


def upgrade_replicas(database):
    """"Upgrades of the RDS for PostgreSQL DB engine" of the User Guide: replicas in the same region are upgraded along, and get the
    default group of the new version."""
    for name in database.replicas:
        replica = database.backend.databases.get(name)
        if replica is not None and major(replica.engine_version) != major(database.engine_version):
            replica.db_parameter_group_name = None
            states.begin(replica, "upgrading", lambda of=replica: of.update(engine_version=database.engine_version))


AS_MUCH = (
    "max_connections",
    "max_locks_per_transaction",
    "max_prepared_transactions",
    "max_wal_senders",
    "max_worker_processes",
)


def started(database):
    """What a start read of parameters of which a replica needs as much as its primary."""
    group = database.backend.db_parameter_groups.get(database.db_parameter_group_name or "")
    parameters = group.parameters if group else {}
    values = {name: parameters.get(name, {}).get("ParameterValue", "") for name in AS_MUCH}
    database.runs_with = {name: int(value) for name, value in values.items() if value.isdigit()}


def starts(database):
    """"Hot Standby", "Administrator's Overview", of PostgreSQL: recovery of a replica with less than its primary is aborted."""
    if not database.is_replica:
        return True
    source = database.backend.databases.get(database.source_db_instance_identifier)
    has = database.runs_with
    return all(has.get(name, value) >= value for name, value in (source.runs_with if source else {}).items())


def unfit(database):
    """A value that no machine bears stands for one that does not fit: `incompatible-parameters`, which takes a restart alone."""
    group = database.backend.db_parameter_groups.get(database.db_parameter_group_name or "")
    value = group.parameters.get("shared_buffers", {}).get("ParameterValue", "") if group else ""
    return value.isdigit() and int(value) >= 1 << 30


def reboot_db_instance(_original):
    """RebootDBInstance: static parameters are read."""

    def changed(self, db_instance_identifier):
        database = self.describe_db_instances(db_instance_identifier)[0]
        if database.status != "incompatible-parameters":
            only_when_available(database)

        def then():
            started(database)
            if unfit(database) or not starts(database):
                database.status = "incompatible-parameters"
                return
            database.parameters_wait = False

        states.begin(database, "rebooting", then)
        return database

    return changed


def delete_db_instance(original):
    """DeleteDBInstance: `deleting` for a while; without a final snapshot only when that is said."""

    def changed(self, db_instance_identifier, skip_final_snapshot=False, final_db_snapshot_identifier=None, **named):
        database = self.databases.get(db_instance_identifier)
        if database is not None and database.status == "deleting":
            raise InvalidDBInstanceStateFault(f"Instance {db_instance_identifier} is already being deleted.")
        if database is not None and not skip_final_snapshot and not final_db_snapshot_identifier:
            raise InvalidParameterCombination(
                "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
            )
        database = original(
            self,
            db_instance_identifier,
            final_db_snapshot_identifier=final_db_snapshot_identifier,
            skip_final_snapshot=skip_final_snapshot,
            **named,
        )
        self.databases[db_instance_identifier] = database
        states.begin(database, "deleting", lambda: self.databases.pop(db_instance_identifier, None))
        return database

    return changed


def remove_replica(_original):
    """A replica in another region is known by its ARN."""

    def changed(self, replica):
        names = (replica.db_instance_identifier, replica.db_instance_arn)
        self.replicas = [name for name in self.replicas if name not in names]

    return changed
