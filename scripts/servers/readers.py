"""Readers of files that are written for other tools: schemas of Kubernetes and of an operator, and parsers of `.env`."""

import os
import shutil
from pathlib import Path

from .folder import is_own, publish, replace_link, unpacking_in
from .locked import digest_of_tree, install_locked, pip_for
from .programs import Missing, program, run, say

VERSION = "1"
PYTHON_LOCK = Path(__file__).parent / "locks" / "readers.txt"
NODE_LOCK = Path(__file__).parent / "locks" / "readers"
# Of the schemas of thirteen versions of Kubernetes the newest is enough: 16,000 files fewer.
SCHEMAS = "v1.37.0-local-strict"


def is_installed(servers):
    link = servers / "readers"
    if not (link / "node_modules").exists():
        return False
    return is_own(link) or os.readlink(link) == tree_name()


def tree_name():
    locks = [PYTHON_LOCK.read_text(), (NODE_LOCK / "package-lock.json").read_text()]
    return f"readers-{VERSION}-{digest_of_tree(*locks, SCHEMAS)}"


def install(servers):
    """Installs them; without them the tests that ask them are skipped."""
    try:
        put_together(servers)
    except Missing as missing:
        say(f"Readers of manifests are missing: tests on them will be skipped\n  {missing}")


def put_together(servers):
    pip = pip_for("readers of manifests are")
    program("node", ["nodejs"], "some readers run on it")
    npm = program("npm", ["npm"], "some readers are fetched with it")
    name = tree_name()
    with unpacking_in(servers) as work:
        say("Fetching readers of manifests (40 MB)")
        tree = work / "tree"
        shutil.copytree(NODE_LOCK, tree)
        # The locks have the checksum of every package.
        run([npm, "ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"], cwd=tree)
        install_locked(pip, PYTHON_LOCK, tree / "lib")
        keep(tree / "lib" / "kubernetes_validate" / "kubernetes-json-schema", SCHEMAS)
        publish(tree, servers / name)
    replace_link(servers / "readers", name)


def keep(schemas, kept):
    for folder in schemas.iterdir():
        if folder.name != kept:
            shutil.rmtree(folder)
