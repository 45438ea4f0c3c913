"""What RDS for PostgreSQL has: a part of it, enough for tests.

Versions: "Release calendars for Amazon RDS for PostgreSQL" of the release notes. Classes: "DB instance classes" of the User Guide.
"""

import re

VERSIONS = {
    "13": ["13.22", "13.23"],
    "14": ["14.19", "14.20"],
    "15": ["15.14", "15.15"],
    "16": ["16.10", "16.11"],
    "17": ["17.6", "17.7"],
    "18": ["18.1"],
}

CLASS = re.compile(
    r"db\.(?:t3|t4g|m5|m6g|m6i|m7g|m7i|m8g|r5|r6g|r6i|r7g|r7i|r8g)\."
    r"(?:micro|small|medium|large|xlarge|2xlarge|4xlarge|8xlarge|12xlarge|16xlarge|24xlarge)"
)

# Parameters that a start alone reads (apply type `static`), and some that take `0` and `1` alone.
STATIC = {
    "autovacuum_max_workers",
    "huge_pages",
    "max_connections",
    "max_locks_per_transaction",
    "max_prepared_transactions",
    "max_worker_processes",
    "rds.logical_replication",
    "rds.rds_superuser_reserved_connections",
    "rds.restrict_password_commands",
    "shared_buffers",
    "shared_preload_libraries",
    "track_activity_query_size",
    "wal_buffers",
}
SWITCHES = {"autovacuum", "jit", "log_connections", "log_disconnections", "rds.force_ssl", "rds.logical_replication"}
WITH_UNIT = re.compile(r"\d+ *(?:B|kB|MB|GB|TB|us|ms|s|min|h|d)")


# What `gp3` has from 400 GiB on, and below: "Amazon RDS DB instance storage" of the User Guide.
STRIPED_GB, STRIPED, PLAIN = 400, (12000, 500), (3000, 125)


def full_version(asked):
    """A major version alone is the default of its minor ones; what is no version of RDS is nothing."""
    if asked in VERSIONS:
        return VERSIONS[asked][-1]
    known = [version for versions in VERSIONS.values() for version in versions]
    return asked if asked in known else None


def major(version):
    return version.split(".")[0]
