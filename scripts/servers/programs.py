"""Finds, installs and runs the programs that an installation needs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

# Administrators' folders are not on every user's path, and that is where these programs live.
SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])


class Missing(Exception):
    """Something needed is not there; the message says what, and what to do."""


def program(name, packages, purpose):
    """Returns the path of a program, installing its packages when it is absent and that is allowed."""
    found = find_program(name)
    if found is None and packages:
        install_packages(packages, f"`{name}` is not installed, and {purpose}")
        found = find_program(name)
    if found is None:
        raise Missing(f"`{name}` is not installed, and {purpose}")
    return found


def find_program(name):
    return shutil.which(name, path=SEARCH_PATH)


def install_packages(packages, purpose):
    request = f"apt-get install {' '.join(packages)}"
    if find_program("apt-get") is None:
        raise Missing(f"{purpose}\nHint: Install what this asks for on a Debian system: {request}")
    if os.geteuid() != 0:
        raise Missing(f"{purpose}\nHint: Ask an administrator to run: {request}")
    say(f"Installing {', '.join(packages)}")
    with_fresh_lists(["install", "--yes", "--no-install-recommends", *packages])


def download_packages(folder, packages):
    folder.mkdir()
    with_fresh_lists(["download", *packages], cwd=folder)
    return sorted(folder.glob("*.deb"))


def download_from_mirrors(path, sha256, file, purpose):
    """Fetches a file of Debian's archive, also one of another release, from whichever mirror of this system has it."""
    helper = program("/usr/lib/apt/apt-helper", [], purpose)
    query = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Component: main"]
    mirrors = sorted(set(run(query).split()))
    for mirror in mirrors:
        if succeeds([helper, "download-file", mirror + path, str(file), f"SHA256:{sha256}"]):
            return
    raise Missing(f"No mirror of this system has `{path}` ({', '.join(mirrors) or 'none is configured'})")


def with_fresh_lists(arguments, cwd=None):
    """Runs apt-get; lists that are absent or old are refreshed once, which only root may do."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "--quiet", "--option=DPkg::Lock::Timeout=300", *arguments]
    try:
        run(command, cwd=cwd, env=environment)
    except Missing:
        if os.geteuid() != 0:
            raise
        run(["apt-get", "--quiet", "update"], env=environment)
        run(command, cwd=cwd, env=environment)


def run(command, cwd=None, env=None):
    """Returns what a command prints; its failure is `Missing` with the end of what it said."""
    done = subprocess.run(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        words = " ".join([Path(command[0]).name, *(word for word in command[1:] if not word.startswith("-"))])
        said = [line for line in f"{done.stdout}\n{done.stderr}".splitlines() if line.strip()]
        raise Missing(f"`{words}` failed with status {done.returncode}\n" + "\n".join(said[-8:]))
    return done.stdout


def succeeds(command):
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True).returncode == 0
    except OSError:
        return False


def check_runs(binary):
    """A tree is published only when its programs find their libraries here."""
    run([str(binary), "--version"])


def say(message):
    print(message, file=sys.stderr, flush=True)


def indent(text):
    return "\n".join(f"  {line}" for line in str(text).splitlines())
