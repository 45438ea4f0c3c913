"""Accounts: whoever took a role of another account acts there.

With `MOTO_ACCOUNT_ID` moto takes every request for that account's, also those signed with the keys of a role of another one. AWS
tells the account by the key (user guide of IAM, "Unique identifiers": keys that begin with `ASIA` are those of roles).
"""

from moto.core.responses import BaseResponse
from moto.iam.models import get_account_id_from


def install():
    get_current_account = BaseResponse.get_current_account

    def get_account_of_key(self):
        key = self.get_access_key()
        return get_account_id_from(key) if key.startswith("ASIA") else get_current_account(self)

    BaseResponse.get_current_account = get_account_of_key
