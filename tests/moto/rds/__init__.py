"""RDS, where moto differs from the service.

Sources: the Amazon RDS API Reference, https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/, the pages of the operations
that the functions are named after, and the User Guide, https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/, where it is named.
"""

from . import groups, instances, parameters, replicas, states


def install():
    for module in (states, groups, parameters, instances, replicas):
        module.install()
