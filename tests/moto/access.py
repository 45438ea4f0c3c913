"""Who may do what: the answers of moto's policies, and the account of who signs in.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html for the messages, and
https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html for the form of errors of services that speak JSON.
"""

import os

from moto.core.exceptions import JsonRESTError, _RESTError
from moto.iam import access_control, models


def install():
    assume_roles_of_other_accounts()
    call_actions_by_their_prefix()
    trust_signatures()
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


def trust_signatures():
    """moto makes the signature of a request anew from its parsed body, in which names such as `Tag.1` have lost their order. Whoever
    signs is told by the id of the key."""
    access_control.IAMRequestBase.check_signature = lambda self: None


def refuse_in_the_protocol_of_the_request():
    """moto refuses in one form of XML whatever the request speaks, and does not say in S3 what was missing.

    https://smithy.io/2.0/aws/protocols/aws-query-protocol.html, https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html,
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html
    """

    def changed(self):
        message = f"User: {self._access_key.arn} is not authorized to perform: {self._action}"
        if any(name.lower() == "x-amz-target" for name in self._headers.keys()):
            raise Denied("AccessDeniedException", message)
        if self._service == "ec2":
            raise DeniedInXml("UnauthorizedOperation", message, "<Response><Errors>{}</Errors></Response>")
        if self._service == "s3":
            raise DeniedInXml("AccessDenied", message, "{}")
        raise DeniedInXml("AccessDenied", message, "<ErrorResponse>{}</ErrorResponse>")

    access_control.IAMRequest._raise_access_denied = changed
    access_control.S3IAMRequest._raise_access_denied = changed


class Denied(JsonRESTError):
    code = 400


class DeniedInXml(_RESTError):
    code = 403

    def __init__(self, code, message, around):
        super().__init__(code, message)
        kind = "" if around == "{}" else "<Type>Sender</Type>"
        self.description = around.format(f"<Error>{kind}<Code>{code}</Code><Message>{message}</Message></Error>")
