"""The folder of servers: its lock, and trees that appear in it complete or not at all."""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import tarfile
import tempfile
from pathlib import Path

from .programs import Missing, say

# Part of each tree's digest: raise it when the way a tree is put together changes.
LAYOUT = "1"

# Python 3.12 warns without a filter, and 3.9 before its last patches does not know the parameter.
SAFE_EXTRACTION = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}


@contextlib.contextmanager
def locked(servers):
    """Holds the folder's lock; another run waits, and a run that died has let go of it."""
    with open(servers / ".lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Waiting for another installation into the same folder")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def unpacking_in(servers):
    """Makes a temporary folder beside the target, so that publishing is a rename within one file system."""
    with tempfile.TemporaryDirectory(prefix=".unpack-", dir=servers) as folder:
        yield Path(folder)


def is_own(link):
    """Whether somebody put a tree of their own in the link's place, or pointed it out of the folder: then it stays."""
    return not link.is_symlink() or os.path.isabs(os.readlink(link))


def publish(tree, target):
    if target.exists():
        shutil.rmtree(target)
    # Servers run as another user id when root starts them.
    tree.chmod(0o755)
    tree.rename(target)


def replace_link(link, target):
    """Points the link elsewhere in one step: a reader sees the old tree or the new one."""
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)


def verified(file, sha256):
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if found != sha256:
        raise Missing(f"`{file.name}` is not the pinned file: its SHA-256 is {found}, expected {sha256}")
    return file


def digest_of(*pins):
    return hashlib.sha256(json.dumps([LAYOUT, pins]).encode()).hexdigest()[:8]
