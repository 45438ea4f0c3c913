"""IAM: what moto takes of users and AWS refuses.

- `DeleteUser` of a user that has access keys is a `DeleteConflict` (API reference of `DeleteUser`).
- A user has at most two access keys; the third is a `LimitExceeded` ("IAM and AWS STS quotas").
"""

from moto.iam.exceptions import DeleteConflictException, LimitExceededException
from moto.iam.models import IAMBackend

KEYS = 2


def install():
    delete_user, create_access_key = IAMBackend.delete_user, IAMBackend.create_access_key

    def delete_user_without_keys(self, user_name):
        if self.get_user(user_name).access_keys:
            raise DeleteConflictException("Cannot delete entity, must delete access keys first.")
        return delete_user(self, user_name)

    def create_few_keys(self, user_name, *args, **kwargs):
        if len(self.get_user(user_name).access_keys) >= KEYS:
            raise LimitExceededException(f"Cannot exceed quota for AccessKeysPerUser: {KEYS}")
        return create_access_key(self, user_name, *args, **kwargs)

    IAMBackend.delete_user = delete_user_without_keys
    IAMBackend.create_access_key = create_few_keys
