"""What moto lacks or is lax about, added as AWS documents it: one module per service, listed here."""

import importlib

SERVICES = [
    "access",
    "access_objects",
    "accounts",
    "cloudwatch",
    "ec2",
    "ec2_security",
    "elasticache",
    "faults",
    "iam",
    "iam_propagation",
    "iam_users",
    "logs",
    "rds",
    "rds_endpoint",
    "rds_proxy",
    "s3",
    "secretsmanager",
    "tagging",
]


def install():
    for service in SERVICES:
        importlib.import_module(service).install()
