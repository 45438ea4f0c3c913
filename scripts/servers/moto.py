"""moto: AWS in memory, for the tests of the object store and of the provider `aws`."""

import os
import shutil
import sys
from pathlib import Path

from .folder import is_own, publish, replace_link, unpacking_in
from .locked import digest_of_tree, install_locked, pip_for
from .programs import Missing, say

VERSION = "5.2.5"
# The services that tests use; descriptions of all the others are most of the size.
SERVICES = {
    "cloudwatch",
    "ec2",
    "elasticache",
    "iam",
    "kms",
    "logs",
    "rds",
    "resourcegroupstaggingapi",
    "s3",
    "secretsmanager",
    "sts",
}
LOCK = Path(__file__).parent / "locks" / "moto.txt"
LAUNCHER = Path(__file__).parent / "launchers" / "moto-server"


def is_installed(servers):
    link = servers / "moto"
    if not (link / "bin" / "moto-server").exists():
        return False
    return is_own(link) or os.readlink(link) == tree_name()


def tree_name():
    return f"moto-{VERSION}-{digest_of_tree(LOCK.read_text(), LAUNCHER.read_text(), *sorted(SERVICES))}"


def install(servers):
    """Installs it; without it the tests on S3 are skipped."""
    try:
        put_together(servers)
    except Missing as missing:
        say(f"moto is missing: tests on AWS will be skipped\n  {missing}")


def put_together(servers):
    pip = pip_for("moto is")
    name = tree_name()
    with unpacking_in(servers) as work:
        say(f"Fetching moto {VERSION} (20 MB)")
        tree = work / "tree"
        install_locked(pip, LOCK, tree / "lib")
        (tree / "bin").mkdir()
        launcher = tree / "bin" / "moto-server"
        launcher.write_text(f"#!{sys.executable}\n{LAUNCHER.read_text()}")
        launcher.chmod(0o755)
        keep_services(tree / "lib" / "botocore" / "data", SERVICES)
        publish(tree, servers / name)
    replace_link(servers / "moto", name)


def keep_services(data, kept):
    for folder in data.iterdir():
        if folder.is_dir() and folder.name not in kept:
            shutil.rmtree(folder)
