"""The stock command line of AWS, for the tests of what speaks S3."""

import os
import shutil
import sys
from pathlib import Path

from .folder import is_own, publish, replace_link, unpacking_in
from .locked import digest_of_tree, install_locked, pip_for
from .programs import Missing, say

VERSION = "1.46.3"
LOCK = Path(__file__).parent / "locks" / "aws.txt"
LAUNCHER = """import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))

from awscli.clidriver import main

sys.exit(main())
"""


def is_installed(servers):
    link = servers / "aws"
    if not (link / "bin" / "aws").exists():
        return False
    return is_own(link) or os.readlink(link) == tree_name()


def tree_name():
    return f"aws-{VERSION}-{digest_of_tree(LOCK.read_text(), LAUNCHER)}"


def install(servers):
    """Installs it; without it the tests that run it are skipped."""
    try:
        put_together(servers)
    except Missing as missing:
        say(f"The command line of AWS is missing: tests with it will be skipped\n  {missing}")


def put_together(servers):
    pip = pip_for("the command line of AWS is")
    name = tree_name()
    with unpacking_in(servers) as work:
        say(f"Fetching the command line of AWS {VERSION} (20 MB)")
        tree = work / "tree"
        install_locked(pip, LOCK, tree / "lib")
        # Pages of the help; the descriptions of all services are needed to start.
        shutil.rmtree(tree / "lib" / "awscli" / "examples")
        (tree / "bin").mkdir(exist_ok=True)
        launcher = tree / "bin" / "aws"
        launcher.write_text(f"#!{sys.executable}\n{LAUNCHER}")
        launcher.chmod(0o755)
        publish(tree, servers / name)
    replace_link(servers / "aws", name)

