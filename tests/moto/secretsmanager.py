"""Secrets Manager, where moto differs from the service.

Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/, the pages of the operations that are named below.
"""

from functools import wraps

from moto.secretsmanager.exceptions import InvalidRequestException
from moto.secretsmanager.models import SecretsManagerBackend


def install():
    for change in (create_secret, put_secret_value, rotate_secret):
        name = change.__name__
        original = getattr(SecretsManagerBackend, name)
        setattr(SecretsManagerBackend, name, wraps(original)(change(original)))


def create_secret(original):
    """CreateSecret, errors: a name that waits for its deletion is an InvalidRequestException, whatever the token."""

    def changed(self, name, *arguments, **named):
        if is_going(self, name):
            raise InvalidRequestException(
                "You can't create this secret because a secret with this name is already scheduled for deletion."
            )
        return original(self, name, *arguments, **named)

    return changed


def put_secret_value(original):
    """PutSecretValue, errors: InvalidRequestException when the secret is scheduled for deletion."""

    def changed(self, secret_id, *arguments, **named):
        if is_going(self, secret_id):
            raise InvalidRequestException(
                "You can't perform this operation on the secret because it was marked for deletion."
            )
        return original(self, secret_id, *arguments, **named)

    return changed


def rotate_secret(original):
    """RotateSecret, RotateImmediately: without it only the configuration is tested, with a version that is removed again.

    The function itself is not run: no secret changes, and the rotation is switched on.
    """

    def changed(
        self,
        secret_id,
        client_request_token=None,
        rotation_lambda_arn=None,
        rotation_rules=None,
        rotate_immediately=True,
    ):
        if rotate_immediately:
            return original(
                self, secret_id, client_request_token, rotation_lambda_arn, rotation_rules, rotate_immediately
            )
        secret = self.describe_secret(secret_id)
        secret.rotation_requested = secret.rotation_enabled = True
        secret.rotation_lambda_arn = rotation_lambda_arn or secret.rotation_lambda_arn
        secret.auto_rotate_after_days = (rotation_rules or {}).get("AutomaticallyAfterDays", 0)
        return secret.to_short_dict()

    return changed


def is_going(backend, secret_id):
    secret = backend.secrets.get(secret_id)
    return secret is not None and secret.is_deleted()
