"""What time does to a region: a change is accepted at once and done later."""

import os
import time

from moto.elasticache.exceptions import ReplicationGroupNotFound

from .errors import Refused

DELAY_S = int(os.environ.get("MOTO_ELASTICACHE_MILLISECONDS", "100")) / 1000


def pass_time(backend):
    """Ends what was accepted long enough ago."""
    for name, group in list(backend.replication_groups.items()):
        if group.busy_until is None or time.monotonic() < group.busy_until:
            continue
        group.busy_until = None
        if group.status == "deleting":
            backend.tagging_service.delete_all_tags_for_resource(group.arn)
            del backend.replication_groups[name]
            continue
        group.status = "available"
        group.pending_modified_values = {}


def replication_group(backend, name):
    try:
        return backend.replication_groups[name]
    except KeyError:
        raise ReplicationGroupNotFound(name)


def idle(backend, name):
    group = replication_group(backend, name)
    if group.status != "available":
        message = f"Replication group {name} has status {group.status} which is not valid for this operation."
        raise Refused("InvalidReplicationGroupStateFault", message)
    return group


def begin(group, status, pending=None):
    group.status = status
    group.pending_modified_values = pending or {}
    group.busy_until = time.monotonic() + DELAY_S
