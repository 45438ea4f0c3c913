"""Packages of Python at the versions and with the checksums of a lock, in a folder of their own."""

import sys

from .folder import digest_of
from .programs import Missing, install_packages, run, succeeds


def pip_command():
    for command in ([sys.executable, "-m", "pip"], ["pip3"], ["pip"]):
        if succeeds([*command, "--version"]):
            return command
    return None


def pip_for(purpose):
    """Returns pip, installed where that is allowed."""
    pip = pip_command()
    if pip is None:
        install_packages(["python3-pip"], f"{purpose} fetched with pip")
        pip = pip_command()
    if pip is None:
        raise Missing(f"`pip` is not installed, and {purpose} fetched with it")
    return pip


def install_locked(pip, lock, folder):
    exact = ["--require-hashes", "--only-binary=:all:", "--no-deps"]
    run([*pip, "install", "--quiet", *exact, f"--target={folder}", f"--requirement={lock}"])


def digest_of_tree(*parts):
    """Some packages are compiled for one version of Python, so a tree belongs to it."""
    return digest_of(*parts, f"{sys.executable} {sys.version_info.major}.{sys.version_info.minor}")
