"""Azurite: Azure Blob in memory, for the tests of the object store."""

import os
import shutil
from pathlib import Path

from .folder import digest_of, is_own, publish, replace_link, unpacking_in
from .programs import Missing, program, run, say

VERSION = "3.35.0"
LOCK = Path(__file__).parent / "locks" / "azurite"
LAUNCHER = Path(__file__).parent / "launchers" / "azurite-blob.js"


def is_installed(servers):
    link = servers / "azurite"
    if not (link / "bin" / "azurite-blob").exists():
        return False
    return is_own(link) or os.readlink(link) == tree_name()


def tree_name():
    return f"azurite-{VERSION}-{digest_of((LOCK / 'package-lock.json').read_text(), LAUNCHER.read_text())}"


def install(servers):
    """Installs it; without it the tests on Azure Blob are skipped."""
    try:
        put_together(servers)
    except Missing as missing:
        say(f"Azurite is missing: tests on Azure Blob will be skipped\n  {missing}")


def put_together(servers):
    node = program("node", ["nodejs"], "Azurite runs on it")
    npm = program("npm", ["npm"], "Azurite is fetched with it")
    name = tree_name()
    with unpacking_in(servers) as work:
        say(f"Fetching Azurite {VERSION} (40 MB)")
        tree = work / "tree"
        shutil.copytree(LOCK, tree / "lib")
        # The lock has the checksum of every package.
        run([npm, "ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"], cwd=tree / "lib")
        (tree / "bin").mkdir()
        shutil.copy2(LAUNCHER, tree / "bin")
        launcher = tree / "bin" / "azurite-blob"
        launcher.write_text(f'#!/bin/sh\nexec "{node}" "$(dirname "$(realpath "$0")")/{LAUNCHER.name}" "$@"\n')
        launcher.chmod(0o755)
        publish(tree, servers / name)
    replace_link(servers / "azurite", name)
