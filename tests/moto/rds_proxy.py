"""Proxies of RDS: they take their time, and what moto lacks or is lax about.

A proxy is creating, then available, modifying after a change, and deleting until it is gone. MOTO_RDS_PROXY_LOOKS says how many looks
at it each of these takes.
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBProxy.html (Status)

ModifyDBProxy changes what it is told; lists replace those that were there.
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBProxy.html (InvalidDBProxyStateFault)

An instance is registered with a proxy once, and exists.
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RegisterDBProxyTargets.html (DBProxyTargetAlreadyRegisteredFault,
DBInstanceNotFound)

Calls that name a proxy which there is not are refused, as are secrets that are none and subnets in one zone.
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy-creating.html
"""

import os

from moto.core.responses import ActionResult
from moto.rds.exceptions import DBInstanceNotFoundError, DBProxyNotFoundFault, RDSClientError
from moto.rds.models import DBProxy, RDSBackend
from moto.rds.responses import RDSResponse

LOOKS = int(os.environ.get("MOTO_RDS_PROXY_LOOKS", "1"))

CHANGES = {
    "Auth": "auth",
    "RequireTLS": "require_tls",
    "IdleClientTimeout": "idle_client_timeout",
    "DebugLogging": "debug_logging",
    "RoleArn": "role_arn",
    "SecurityGroups": "vpc_security_group_ids",
}


def install():
    DBProxy.__init__ = creating(DBProxy.__init__)
    RDSResponse.modify_db_proxy = modify_db_proxy
    RDSBackend.describe_db_proxies = looked_at(RDSBackend.describe_db_proxies)
    RDSBackend.delete_db_proxy = delete_db_proxy
    RDSBackend.register_db_proxy_targets = registered_once(RDSBackend.register_db_proxy_targets)
    for name in (
        "deregister_db_proxy_targets",
        "describe_db_proxy_targets",
        "describe_db_proxy_target_groups",
        "modify_db_proxy_target_group",
    ):
        setattr(RDSBackend, name, of_a_proxy(getattr(RDSBackend, name)))


def creating(old):
    def new(self, backend, name, family, auth, *args, **kwargs):
        for login in auth:
            check_secret(backend, login.get("SecretArn", ""))
        old(self, backend, name, family, auth, *args, **kwargs)
        goes_through(self, "creating")

    return new


def check_secret(backend, arn):
    known = [secret.arn for secret in backend.secretsmanager.secrets.values()]
    if arn not in known:
        raise RDSClientError("InvalidParameterValue", f"The secret {arn} was not found")


def goes_through(proxy, status):
    proxy.status, proxy.looks = status, LOOKS


def looked_at(old):
    def new(self, db_proxy_name, filters=None):
        for name, proxy in list(self.db_proxies.items()):
            if db_proxy_name in (None, name) and proxy.status != "available":
                if proxy.looks > 0:
                    proxy.looks -= 1
                elif proxy.status == "deleting":
                    del self.db_proxies[name]
                else:
                    proxy.status = "available"
        return old(self, db_proxy_name, filters)

    return new


def proxy_of(backend, name):
    if name not in backend.db_proxies:
        raise DBProxyNotFoundFault(name)
    return backend.db_proxies[name]


def available_proxy(backend, name):
    proxy = proxy_of(backend, name)
    if proxy.status != "available":
        raise RDSClientError(
            "InvalidDBProxyStateFault", f"DB Proxy {name} is in state {proxy.status}"
        )
    return proxy


def modify_db_proxy(self):
    proxy = available_proxy(self.backend, self.params.get("DBProxyName"))
    for login in self.params.get("Auth") or []:
        check_secret(self.backend, login.get("SecretArn", ""))
    for name, attribute in CHANGES.items():
        if self.params.get(name) is not None:
            setattr(proxy, attribute, self.params[name])
    goes_through(proxy, "modifying")
    return ActionResult({"DBProxy": proxy})


def delete_db_proxy(self, proxy_name):
    proxy = available_proxy(self, proxy_name)
    goes_through(proxy, "deleting")
    return proxy


def of_a_proxy(old):
    def new(self, *args, **kwargs):
        name = kwargs.get("db_proxy_name") or kwargs.get("proxy_name") or args[0]
        proxy_of(self, name)
        return old(self, *args, **kwargs)

    return new


def registered_once(old):
    def new(self, db_proxy_name, target_group_name, db_cluster_identifiers, db_instance_identifiers):
        proxy = available_proxy(self, db_proxy_name)
        group = proxy.proxy_target_groups[target_group_name or "default"]
        for name in db_instance_identifiers:
            if name not in self.databases:
                raise DBInstanceNotFoundError(name)
            if any(target.rds_resource_id == name for target in group.targets):
                raise RDSClientError(
                    "DBProxyTargetAlreadyRegisteredFault", f"{name} is registered already"
                )
        return old(self, db_proxy_name, target_group_name, db_cluster_identifiers, db_instance_identifiers)

    return new
