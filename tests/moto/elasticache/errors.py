"""How the service refuses."""

from moto.elasticache.exceptions import ElastiCacheException


class Refused(ElastiCacheException):
    """An error by its name in the service's model."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def refuse_value(message):
    raise Refused("InvalidParameterValue", message)


def refuse_combination(message):
    raise Refused("InvalidParameterCombination", message)
