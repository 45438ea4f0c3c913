"""S3: what moto does not do, or says otherwise than AWS.

- `CreateBucketConfiguration` may hold `Tags` (API reference of `CreateBucket`): the bucket has them from its first moment on.
- The answer of `GetBucketVersioning` is a `VersioningConfiguration`; moto calls it otherwise, and the SDK for Rust refuses that.
- A policy that denies what comes without TLS (`aws:SecureTransport`) denies nothing here: tests speak to moto as one speaks to
  AWS over TLS. moto does not look at conditions of bucket policies and would deny everything.
- The answer of `GetBucketReplication` is what `PutBucketReplication` was sent (API reference: one type in both); moto leaves out which
  objects a rule is for.
- Names follow "General purpose bucket naming rules" of the user guide; moto looks at their length alone.
"""

import json
import re

import xmltodict
from moto.s3.exceptions import InvalidBucketName
from moto.s3.models import FakeBucket, S3Backend
from moto.s3.responses import S3Response

NAME = re.compile(r"[a-z0-9][a-z0-9.-]*[a-z0-9]")
ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
BEGINNINGS = ("xn--", "sthree-", "amzn-s3-demo-")
ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")


def is_name(name):
    return (
        NAME.fullmatch(name)
        and ".." not in name
        and not ADDRESS.fullmatch(name)
        and not name.startswith(BEGINNINGS)
        and not name.endswith(ENDS)
    )


def is_of_clear_requests(statement):
    conditions = statement.get("Condition", {}).get("Bool", {})
    return statement["Effect"] == "Deny" and conditions.get("aws:SecureTransport") == "false"


def over_tls(policy):
    """Returns what remains of a policy for requests over TLS, nothing if no statement does."""
    document = json.loads(policy)
    remaining = [one for one in document["Statement"] if not is_of_clear_requests(one)]
    return json.dumps({**document, "Statement": remaining}).encode() if remaining else None


def tags_in(body):
    if not body:
        return {}
    configuration = xmltodict.parse(body, force_list=("Tag",)).get("CreateBucketConfiguration") or {}
    tags = (configuration.get("Tags") or {}).get("Tag", [])
    return {tag["Key"]: tag["Value"] or "" for tag in tags}


def install():
    create_bucket, respond = S3Backend.create_bucket, S3Response._bucket_response_put
    get_bucket_versioning, get_permission = S3Response.get_bucket_versioning, FakeBucket.get_permission
    get_bucket_replication = S3Response.get_bucket_replication

    def create_named(self, bucket_name, *args, **kwargs):
        if not is_name(bucket_name):
            raise InvalidBucketName()
        return create_bucket(self, bucket_name, *args, **kwargs)

    def respond_tagged(self, request, bucket_name, querystring):
        was_there = bucket_name in self.backend.buckets
        answer = respond(self, request, bucket_name, querystring)
        if not was_there and bucket_name in self.backend.buckets:
            tags = tags_in(self.body)
            if tags:
                self.backend.put_bucket_tagging(bucket_name, tags)
        return answer

    def get_named_versioning(self):
        status, headers, body = get_bucket_versioning(self)
        return status, headers, body.replace("GetBucketVersioningResponse", "VersioningConfiguration")

    def get_whole_replication(self):
        stored = self.backend.get_bucket_replication(self.bucket_name)
        if not stored:
            return get_bucket_replication(self)
        return 200, {}, xmltodict.unparse({"ReplicationConfiguration": stored})

    def get_permission_over_tls(self, action, resource):
        policy = self.policy
        try:
            self.policy = over_tls(policy) if policy else policy
            return get_permission(self, action, resource)
        finally:
            self.policy = policy

    FakeBucket.get_permission = get_permission_over_tls
    S3Backend.create_bucket = create_named
    S3Response.get_bucket_versioning = get_named_versioning
    S3Response.get_bucket_replication = get_whole_replication
    S3Response._bucket_response_put = respond_tagged
