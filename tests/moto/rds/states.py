"""Instances take their time: "Viewing Amazon RDS DB instance status" of the User Guide.

What was asked for is done when the instance was looked at `INFRA_RDS_LOOKS` times (one, if that is not set) and
`INFRA_RDS_MS` milliseconds have passed (none, if that is not set).
"""

import os
import time

from moto.core.utils import utcnow
from moto.rds.models import DBInstance
from moto.rds.responses import RDSResponse

from .changes import replace

LOOKS = int(os.environ.get("INFRA_RDS_LOOKS", "1"))
SECONDS = int(os.environ.get("INFRA_RDS_MS", "0")) / 1000


class Going:
    """Something that goes on with an instance, and what is done at its end."""

    def __init__(self, then):
        self.looks = 0
        self.since = time.monotonic()
        self.then = then

    def is_over(self):
        self.looks += 1
        return self.looks > LOOKS and time.monotonic() - self.since >= SECONDS


def begin(database, status, then=lambda: None):
    database.status = status
    database.going = Going(then)


def is_busy(database):
    return getattr(database, "going", None) is not None


def look(database):
    if is_busy(database) and database.going.is_over():
        then = database.going.then
        database.going = None
        database.status = "available"
        then()


def install():
    replace(RDSResponse, describe_db_instances=describe_db_instances)
    DBInstance.endpoint = property(endpoint)
    DBInstance.instance_create_time = property(lambda self: created(self), lambda self, value: None)


def describe_db_instances(original):
    """Each instance that is shown was looked at."""

    def changed(self):
        wanted = {f["Name"]: f["Values"] for f in self.params.get("Filters", [])}
        for database in self.backend.describe_db_instances(self.params.get("DBInstanceIdentifier"), filters=wanted):
            look(database)
        return original(self)

    return changed


def endpoint(self):
    """DBInstance, Endpoint: not there while the instance is created."""
    if self.status == "creating":
        return None
    return {"Address": self.address, "Port": self.port}


def created(self):
    """DBInstance, InstanceCreateTime: not there while the instance is created."""
    if self.status == "creating":
        return None
    self.__dict__.setdefault("became", utcnow())
    return self.became
