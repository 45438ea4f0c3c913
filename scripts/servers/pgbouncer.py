"""PgBouncer: a recent one of the system, else built from source, else whatever the distribution has."""

import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

from .folder import SAFE_EXTRACTION, digest_of, is_own, publish, replace_link, unpacking_in, verified
from .programs import (
    Missing, check_runs, download_from_mirrors, download_packages, find_program, indent, install_packages, program, run, say,
    succeeds
)

# Debian 12 ships PgBouncer 1.18, which breaks prepared statements in transaction mode. This release is built from
# the source archive that Debian 13 keeps, with libevent and OpenSSL linked in: ten seconds, and no root needed.
VERSION = "1.24.1"
SOURCE = "pool/main/p/pgbouncer/pgbouncer_1.24.1.orig.tar.gz"
SHA256 = "da72a3aba13072876d055a3e58dd4aba4a5de4ed6148e73033185245598fd3e0"
MINIMUM = (1, 21)

SYSTEM_TREE = "pgbouncer-system"


def is_installed(servers):
    link = servers / "pgbouncer"
    if not (link / "bin" / "pgbouncer").exists():
        return False
    return is_own(link) or os.readlink(link) in (tree_name(), SYSTEM_TREE)


def tree_name():
    return f"pgbouncer-{VERSION}-{digest_of(SHA256)}"


def install(servers):
    """Takes the first way that works; without any, stacks that ask for no pooler still work."""
    reasons = []
    for way in (link_recent, build, unpack_packaged, link_any):
        try:
            way(servers)
            break
        except Missing as missing:
            reasons.append(str(missing))
    report(version_of(servers / "pgbouncer" / "bin" / "pgbouncer"), reasons)


def report(version, reasons):
    """Says what a pooler will lack and why no better one was had."""
    if version is not None and version >= MINIMUM:
        return
    if version is None:
        say("PgBouncer is missing: a `postgres` with a `pooler` cannot be applied")
    else:
        say(f"PgBouncer {dotted(version)} breaks prepared statements in transaction mode: poolers will use session mode")
    say(indent("\n".join(reasons)))
    say(indent(f"Hint: Install PgBouncer {dotted(MINIMUM)} or newer, then run: make clean-servers"))


def link_recent(servers):
    found = find_program("pgbouncer")
    if found is None or (version_of(found) or (0,)) < MINIMUM:
        raise Missing("The system has no recent `pgbouncer`")
    link_system(servers, found)


def link_any(servers):
    found = find_program("pgbouncer")
    if found is None:
        raise Missing("The system has no `pgbouncer` at all")
    link_system(servers, found)


def link_system(servers, found):
    with unpacking_in(servers) as work:
        tree = work / "system"
        (tree / "bin").mkdir(parents=True)
        (tree / "bin" / "pgbouncer").symlink_to(found)
        publish(tree, servers / SYSTEM_TREE)
    replace_link(servers / "pgbouncer", SYSTEM_TREE)


def build(servers):
    compiler = program("cc", ["gcc", "libc6-dev"], "it builds PgBouncer")
    make = program("make", ["make"], "it builds PgBouncer")
    if find_program("apt-get") is None:
        raise Missing("Its source comes through `apt-get`, which this system does not have")
    name = tree_name()
    with unpacking_in(servers) as work:
        say(f"Building PgBouncer {VERSION}")
        # The libraries first: fetching them refreshes the lists that name the mirror of the source.
        libraries = unpack_build_libraries(work)
        source = unpack_source(work)
        run(["./configure", "--without-cares", "--disable-debug"], cwd=source, env=build_environment(compiler, libraries))
        run([make, "-s", f"-j{os.cpu_count() or 1}", "pgbouncer"], cwd=source)
        tree = work / "tree"
        (tree / "bin").mkdir(parents=True)
        shutil.copy2(source / "pgbouncer", tree / "bin")
        shutil.copy2(source / "COPYRIGHT", tree)
        check_runs(tree / "bin" / "pgbouncer")
        publish(tree, servers / name)
    replace_link(servers / "pgbouncer", name)


def unpack_source(work):
    archive = work / "pgbouncer.tar.gz"
    download_from_mirrors(SOURCE, SHA256, archive, "it fetches the source of PgBouncer")
    with tarfile.open(verified(archive, SHA256)) as packed:
        packed.extractall(work, **SAFE_EXTRACTION)
    return work / f"pgbouncer-{VERSION}"


def unpack_build_libraries(work):
    """Unpacks headers and archives beside the source instead of installing them: no root, and nothing left behind."""
    folder = work / "libraries"
    for package in download_packages(work / "packages", ["libevent-dev", "libssl-dev"]):
        run(["dpkg-deb", "--extract", str(package), str(folder)])
    # The linker prefers a shared library, and only the static ones are in the package.
    for shared in folder.rglob("*.so"):
        shared.unlink()
    return folder / "usr"


def build_environment(compiler, libraries):
    architecture = run([compiler, "-print-multiarch"]).strip()
    archives = libraries / "lib" / architecture
    headers = libraries / "include"
    return {
        **os.environ,
        "CC": compiler,
        "CPPFLAGS": f"-I{headers} -I{headers / architecture}",
        "LDFLAGS": f"-L{archives}",
        "LIBS": "-lpthread -ldl",
        "LIBEVENT_CFLAGS": f"-I{headers}",
        "LIBEVENT_LIBS": str(archives / "libevent.a"),
    }


def unpack_packaged(servers):
    """Unpacks the distribution's package without installing it: installing would start a pooler of its own."""
    if find_program("apt-get") is None:
        raise Missing("There is no `apt-get` to fetch a packaged one with")
    with unpacking_in(servers) as work:
        [package] = download_packages(work / "packages", ["pgbouncer"])
        run(["dpkg-deb", "--extract", str(package), str(work / "unpacked")])
        tree = work / "tree"
        (tree / "bin").mkdir(parents=True)
        binary = tree / "bin" / "pgbouncer"
        shutil.copy2(work / "unpacked" / "usr" / "sbin" / "pgbouncer", binary)
        if not succeeds([str(binary), "--version"]):
            install_packages(library_packages(package), "PgBouncer needs them")
            check_runs(binary)
        publish(tree, servers / SYSTEM_TREE)
    replace_link(servers / "pgbouncer", SYSTEM_TREE)


def library_packages(package):
    depends = run(["dpkg-deb", "--field", str(package), "Depends"])
    names = [entry.split("|")[0].split("(")[0].strip() for entry in depends.split(",")]
    return [name for name in names if name.startswith("lib")]


def version_of(binary):
    """Returns the version as two numbers, or None when there is no such program or it does not start."""
    try:
        shown = subprocess.run([str(binary), "--version"], capture_output=True, text=True).stdout
    except OSError:
        return None
    numbers = re.search(r"PgBouncer (\d+)\.(\d+)", shown)
    return (int(numbers.group(1)), int(numbers.group(2))) if numbers else None


def dotted(version):
    return ".".join(map(str, version))
