"""Readers of files that are written for other tools: schemas of Kubernetes and of an operator, and parsers of `.env`."""

import os
import shutil
import sys
from pathlib import Path

from .folder import digest_of, is_own, publish, replace_link, unpacking_in
from .postgresql import pip_command
from .programs import Missing, install_packages, program, run, say

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
    # Some of its parts are compiled for one version of Python.
    python = f"{sys.executable} {sys.version_info.major}.{sys.version_info.minor}"
    locks = [PYTHON_LOCK.read_text(), (NODE_LOCK / "package-lock.json").read_text()]
    return f"readers-{VERSION}-{digest_of(*locks, SCHEMAS, python)}"


def install(servers):
    """Installs them; without them the tests that ask them are skipped."""
    try:
        put_together(servers)
    except Missing as missing:
        say(f"Readers of manifests are missing: tests on them will be skipped\n  {missing}")


def put_together(servers):
    pip = pip_command()
    if pip is None:
        install_packages(["python3-pip"], "readers of manifests are fetched with pip")
        pip = pip_command()
    if pip is None:
        raise Missing("`pip` is not installed, and readers of manifests are fetched with it")
    program("node", ["nodejs"], "some readers run on it")
    npm = program("npm", ["npm"], "some readers are fetched with it")
    name = tree_name()
    with unpacking_in(servers) as work:
        say("Fetching readers of manifests (40 MB)")
        tree = work / "tree"
        shutil.copytree(NODE_LOCK, tree)
        # The locks have the checksum of every package.
        run([npm, "ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"], cwd=tree)
        exact = ["--require-hashes", "--only-binary=:all:", "--no-deps"]
        run([*pip, "install", "--quiet", *exact, f"--target={tree / 'lib'}", f"--requirement={PYTHON_LOCK}"])
        keep(tree / "lib" / "kubernetes_validate" / "kubernetes-json-schema", SCHEMAS)
        publish(tree, servers / name)
    replace_link(servers / "readers", name)


def keep(schemas, kept):
    for folder in schemas.iterdir():
        if folder.name != kept:
            shutil.rmtree(folder)
