"""IAM: policies are looked at as AWS looks at them, as far as moto knows what a call is for.

moto is lax or wrong in three ways:

* It does not know which object a call is for, but for S3, and compares `*` with the policy's `Resource`; a statement that
  names an ARN would never allow a thing. Here a call for an unknown object is allowed by any `Resource`, so what is tested
  is the actions alone.
* It takes the name under which requests are signed for the name of the service in policies. They differ for two services
  (Service Authorization Reference, "service prefix": `tag` for the Resource Groups Tagging API, `cloudwatch`).
* It names some actions on buckets otherwise than the Service Authorization Reference does, or takes them for another action.
"""

from moto.iam import access_control
from moto.s3.responses import ACTION_MAP

PREFIXES = {"tagging": "tag", "monitoring": "cloudwatch"}

BUCKET = {
    "HEAD": {"DEFAULT": "ListBucket"},
    "GET": {
        "encryption": "GetEncryptionConfiguration",
        "ownershipControls": "GetBucketOwnershipControls",
        "publicAccessBlock": "GetBucketPublicAccessBlock",
        "replication": "GetReplicationConfiguration",
    },
    "PUT": {
        "encryption": "PutEncryptionConfiguration",
        "ownershipControls": "PutBucketOwnershipControls",
        "publicAccessBlock": "PutBucketPublicAccessBlock",
        "replication": "PutReplicationConfiguration",
    },
    "DELETE": {
        "encryption": "PutEncryptionConfiguration",
        "ownershipControls": "PutBucketOwnershipControls",
        "publicAccessBlock": "PutBucketPublicAccessBlock",
        "replication": "PutReplicationConfiguration",
    },
}


def install():
    for method, actions in BUCKET.items():
        ACTION_MAP["BUCKET"][method].update(actions)
    request, statement = access_control.IAMRequestBase, access_control.IAMPolicyStatement
    init, matches = request.__init__, statement._check_element_matches

    def named_as_in_policies(self, *arguments, **named):
        init(self, *arguments, **named)
        service, action = self._action.split(":", 1)
        self._action = f"{PREFIXES.get(service, service)}:{action}"

    def matches_unknown(self, element, value):
        if element == "Resource" and value == "*":
            return True
        return matches(self, element, value)

    request.__init__ = named_as_in_policies
    statement._check_element_matches = matches_unknown
