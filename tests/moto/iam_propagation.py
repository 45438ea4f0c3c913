"""Roles that were made a moment ago: services cannot assume them yet.

"Changes that I make are not always immediately visible": a service that is given a new role refuses it for some seconds.
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency

A proxy of RDS and a flow log are given a role when they are made.
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBProxy.html (RoleArn)
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html (DeliverLogsPermissionArn)

`INFRA_ROLE_REFUSALS` says how often a role is refused before it is known.
"""

import os

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.flow_logs import FlowLogsBackend
from moto.rds.exceptions import RDSClientError
from moto.rds.models import RDSBackend

REFUSALS = int(os.environ.get("INFRA_ROLE_REFUSALS", "1"))

refused = {}


class NotAssumable(EC2ClientError):
    def __init__(self):
        super().__init__("InvalidParameter", "Unable to assume given IAM role")


def is_known(role):
    """Counts a use of a role; the first ones come too early."""
    refused[role] = refused.get(role, 0) + 1
    return role is None or refused[role] > REFUSALS


def install():
    create_db_proxy, create_flow_logs = RDSBackend.create_db_proxy, FlowLogsBackend.create_flow_logs

    def create_known_proxy(self, *args, **kwargs):
        if not is_known(kwargs["role_arn"]):
            role = kwargs["role_arn"]
            raise RDSClientError("InvalidParameterValue", f"RDS is not able to assume the role {role}")
        return create_db_proxy(self, *args, **kwargs)

    def create_known_logs(self, *args, **kwargs):
        if not is_known(kwargs["deliver_logs_permission_arn"]):
            raise NotAssumable()
        return create_flow_logs(self, *args, **kwargs)

    RDSBackend.create_db_proxy = create_known_proxy
    FlowLogsBackend.create_flow_logs = create_known_logs
