"""Resource Groups Tagging API.

GetResources takes a list of ARNs instead of filters and pages, and answers it whole; moto gives the first page.
https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html (ResourceARNList)
"""

import json

from moto.core.exceptions import JsonRESTError
from moto.resourcegroupstaggingapi.responses import ResourceGroupsTaggingAPIResponse

AT_ONCE = 100
NOT_BESIDE = [
    "ResourceTypeFilters",
    "TagFilters",
    "ResourcesPerPage",
    "TagsPerPage",
    "PaginationToken",
]


def install():
    by_filter = ResourceGroupsTaggingAPIResponse.get_resources

    def get_resources(self):
        arns = self._get_param("ResourceARNList")
        if not arns:
            return by_filter(self)
        if len(arns) > AT_ONCE or any(self._get_param(name) for name in NOT_BESIDE):
            message = "ResourceARNList takes at most 100 ARNs, and no filter or page"
            raise JsonRESTError("InvalidParameterException", message)
        found = self.backend._get_resources_generator(resource_arn_list=arns)
        return json.dumps({"ResourceTagMappingList": [mapping(one) for one in found]})

    ResourceGroupsTaggingAPIResponse.get_resources = get_resources


def mapping(resource):
    tags = [{"Key": key, "Value": value} for key, value in resource.tags.items()]
    return {"ResourceARN": resource.arn, "Tags": tags}
