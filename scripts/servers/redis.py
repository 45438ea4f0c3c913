"""Redis: the system's own Redis or Valkey, else the distribution's package, unpacked and not installed."""

import os
import re
import shutil
import subprocess

from .folder import digest_of, is_own, publish, replace_link, unpacking_in
from .programs import Missing, check_runs, download_packages, find_program, indent, install_packages, run, say, succeeds

# A segment is an address of its own, and a cluster needs the port of its bus set: Redis 7 can do both.
MINIMUM = 7

SYSTEM_TREE = "redis-system"
# What the packaged program needs beyond what every Debian has. They lie beside it in `lib`, where the local provider
# tells the loader to look, so that no root is needed.
LIBRARIES = ["libatomic1", "libjemalloc2", "liblzf1"]
# The program is one file under several names: a copy has to be called as what it shall be.
PROGRAMS = {"redis-server": "redis-check-rdb", "redis-cli": "redis-cli"}


def is_installed(servers):
    link = servers / "redis"
    if not (link / "bin" / "redis-server").exists():
        return False
    return is_own(link) or os.readlink(link) in (SYSTEM_TREE, *packaged_trees(servers))


def packaged_trees(servers):
    """The distribution decides on the version, so that any tree of this layout counts."""
    return [tree.name for tree in servers.glob(f"redis-*-{digest_of(LIBRARIES, PROGRAMS)}")]


def install(servers):
    """Takes the first way that works; without any, stacks that ask for no `redis` still work."""
    reasons = []
    for way in (link_system, unpack_packaged):
        try:
            way(servers)
            return
        except Missing as missing:
            reasons.append(str(missing))
    say("Redis is missing: a `redis` cannot be applied")
    say(indent("\n".join(reasons)))
    say(indent(f"Hint: Install Redis {MINIMUM} or Valkey, then run this again"))


def link_system(servers):
    for server, client in (("redis-server", "redis-cli"), ("valkey-server", "valkey-cli")):
        found = find_program(server)
        if found is not None and (version_of([found]) or 0) >= MINIMUM:
            break
    else:
        raise Missing("The system has no recent `redis-server` or `valkey-server`")
    with unpacking_in(servers) as work:
        tree = work / "system"
        (tree / "bin").mkdir(parents=True)
        (tree / "bin" / "redis-server").symlink_to(found)
        if find_program(client) is not None:
            (tree / "bin" / "redis-cli").symlink_to(find_program(client))
        publish(tree, servers / SYSTEM_TREE)
    replace_link(servers / "redis", SYSTEM_TREE)


def unpack_packaged(servers):
    """Unpacks the packages instead of installing them: installing would start a server of the system."""
    if find_program("apt-get") is None:
        raise Missing("There is no `apt-get` to fetch a packaged one with")
    with unpacking_in(servers) as work:
        packages = download_packages(work / "packages", ["redis-tools", *LIBRARIES])
        for package in packages:
            run(["dpkg-deb", "--extract", str(package), str(work / "unpacked")])
        tree = gather(work)
        server = tree / "bin" / "redis-server"
        if not succeeds(started(server)):
            tools = next(package for package in packages if package.name.startswith("redis-tools_"))
            install_packages(library_packages(tools), "Redis needs them")
        version = version_of(started(server))
        if version is None:
            check_runs(server)
        if (version or 0) < MINIMUM:
            raise Missing(f"The distribution has Redis {version}")
        name = f"redis-{version}-{digest_of(LIBRARIES, PROGRAMS)}"
        publish(tree, servers / name)
    replace_link(servers / "redis", name)


def gather(work):
    tree = work / "tree"
    for folder in ("bin", "lib"):
        (tree / folder).mkdir(parents=True)
    for name, source in PROGRAMS.items():
        shutil.copy2(work / "unpacked" / "usr" / "bin" / source, tree / "bin" / name)
    for library in (work / "unpacked").rglob("*.so.*"):
        shutil.copy2(library, tree / "lib" / library.name, follow_symlinks=True)
    return tree


def started(server):
    """The command that starts a server with the libraries beside it."""
    return ["env", f"LD_LIBRARY_PATH={server.parent.parent / 'lib'}", str(server), "--version"]


def library_packages(package):
    depends = run(["dpkg-deb", "--field", str(package), "Depends"])
    names = [entry.split("|")[0].split("(")[0].strip() for entry in depends.split(",")]
    return [name for name in names if name.startswith("lib")]


def version_of(command):
    """Returns the major version, or None when there is no such program or it does not start."""
    command = command if command[-1] == "--version" else [*command, "--version"]
    try:
        shown = subprocess.run(command, capture_output=True, text=True).stdout
    except OSError:
        return None
    number = re.search(r" v=(\d+)\.", shown)
    return int(number.group(1)) if number else None
