"""Who may do what: the answers of moto's policies, and the account of who signs in.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html for the messages, and
https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html for the form of errors of services that speak JSON.
"""

import os

from moto.core.exceptions import JsonRESTError
from moto.iam import access_control, models


def install():
    assume_roles_of_other_accounts()
    call_actions_by_their_prefix()
    refuse_in_the_protocol_of_the_request()


def assume_roles_of_other_accounts():
    """The account of a server is that of keys that nobody made. moto takes the variable for all requests, those of a role too."""
    account = os.environ.pop("MOTO_ACCOUNT_ID", None)
    if account is not None:
        models.DEFAULT_ACCOUNT_ID = account


def call_actions_by_their_prefix():
    """Policies call some services otherwise than signatures do; moto takes the name of the signature.

    https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
    """
    prefixes = {"tagging": "tag", "monitoring": "cloudwatch"}
    made = access_control.IAMRequestBase.__init__

    def changed(self, *arguments, **named):
        made(self, *arguments, **named)
        service, _, action = self._action.partition(":")
        self._action = f"{prefixes.get(service, service)}:{action}"

    access_control.IAMRequestBase.__init__ = changed


def refuse_in_the_protocol_of_the_request():
    """moto refuses in XML whatever the request speaks."""
    refused = access_control.IAMRequest._raise_access_denied

    def changed(self):
        if not any(name.lower() == "x-amz-target" for name in self._headers.keys()):
            refused(self)
        user = self._access_key.arn
        raise Denied("AccessDeniedException", f"User: {user} is not authorized to perform: {self._action}")

    access_control.IAMRequest._raise_access_denied = changed


class Denied(JsonRESTError):
    code = 400
