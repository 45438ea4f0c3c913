"""CloudWatch Logs.

The type of a log group in the Resource Groups Tagging API is `logs:log-group`, as in its ARN, which has no `:*`; moto writes `logs:loggroup`.
https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html (ResourceTypeFilters)

AssociateKmsKey and DisassociateKmsKey are missing.
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_AssociateKmsKey.html
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DisassociateKmsKey.html
"""

from moto.core.resource_tagging import TaggedResource
from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.models import LogsBackend
from moto.logs.responses import LogsResponse


def install():
    LogsBackend.iter_tagged_resources = iter_tagged_resources
    LogsResponse.associate_kms_key = associate_kms_key
    LogsResponse.disassociate_kms_key = disassociate_kms_key


def iter_tagged_resources(self):
    for group in self.groups.values():
        yield TaggedResource(
            arn=group.arn.removesuffix(":*"),
            tags=self.tagger.get_tag_dict_for_resource(group.arn),
            resource_type="logs:log-group",
        )


def associate_kms_key(self):
    group(self).kms_key_id = self._get_param("kmsKeyId")
    return ""


def disassociate_kms_key(self):
    group(self).kms_key_id = None
    return ""


def group(self):
    name = self._get_param("logGroupName")
    if name not in self.logs_backend.groups:
        raise ResourceNotFoundException()
    return self.logs_backend.groups[name]
