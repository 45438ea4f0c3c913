"""Which object a request is about, so that policies which name objects decide. moto knows it for some services, and takes `*` for all
others, which no policy that names objects allows.

Names of ARNs are those of the "Resource types" tables:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

import json
import re

from moto.iam import access_control

# Stands for an object that nobody can tell from the request: it is one of those that a policy names.
SOME = "some object"

# Actions that take no object: a policy must allow them on all.
ON_ALL = re.compile(r"^(ec2|cloudwatch|elasticache|rds|logs|secretsmanager|kms):(Describe(?!Key)|ListSecrets|ListAliases|BatchGet)|^(tag|sts):")

# By service: how the request names the object, and its part of the ARN.
NAMED = {
    "rds": [
        ("DBSubnetGroup$|DBSubnetGroups$", "DBSubnetGroupName", "subgrp"),
        ("DBParameterGroup$|DBParameters$", "DBParameterGroupName", "pg"),
        ("", "DBInstanceIdentifier", "db"),
    ],
    "elasticache": [
        ("CacheSubnetGroup$", "CacheSubnetGroupName", "subnetgroup"),
        ("CacheParameterGroup$", "CacheParameterGroupName", "parametergroup"),
        ("", "ReplicationGroupId", "replicationgroup"),
    ],
    "cloudwatch": [("", "AlarmName", "alarm"), ("", "AlarmNames.member.1", "alarm")],
    "logs": [("", "logGroupName", "log-group")],
}


def install():
    checked = access_control.IAMRequestBase.check_action_permitted

    def changed(self, resource):
        checked(self, object_of(self) if resource == "*" else resource)

    access_control.IAMRequestBase.check_action_permitted = changed
    matches = access_control.IAMPolicyStatement._check_element_matches

    def changed_matches(self, element, value):
        return (element == "Resource" and value == SOME) or matches(self, element, value)

    access_control.IAMPolicyStatement._check_element_matches = changed_matches


def object_of(request):
    service, _, action = request._action.partition(":")
    if ON_ALL.match(request._action):
        return "*"
    said = parameters(request)
    for name in ["ResourceName", "ResourceARN", "resourceArn"]:
        if said.get(name):
            return said[name]
    if service == "iam":
        return identity(request, action, said)
    place = f"arn:aws:{service}:{request._region}:{request.account_id}"
    for actions, parameter, kind in NAMED.get(service, []):
        if said.get(parameter) and re.search(actions, action):
            return f"{place}:{kind}:{said[parameter]}"
    return SOME


def parameters(request):
    """The parameters of a request, of whatever protocol, as far as they are texts."""
    said = {name: value[0] if isinstance(value, list) else value for name, value in dict(request._data or {}).items()}
    try:
        said.update(json.loads(request._body or b"{}"))
    except (TypeError, ValueError):
        pass
    return said


def identity(request, action, said):
    """Roles and users stand in a path, which only the request that makes them says."""
    account = f"arn:aws:iam::{request.account_id}"
    for parameter, kind in [("RoleName", "role"), ("UserName", "user")]:
        name = said.get(parameter)
        if not name:
            continue
        if action.startswith("Create") and action.endswith(kind.capitalize()):
            return f"{account}:{kind}{said.get('Path', '/')}{name}"
        known = request.backend.roles.values() if kind == "role" else request.backend.users.values()
        return next((one.arn for one in known if one.name == name), SOME)
    return SOME
