"""Docker Compose: judges compose files, which needs no Docker, for the tests of `infra export compose`."""

import os
import platform
import shutil

from .folder import digest_of, is_own, publish, replace_link, unpacking_in, verified
from .programs import Missing, download_from_mirrors, run, say

# Of Debian 13: one program that needs nothing but the C library. Debian 12 has 1.29, which does not know `name:`.
VERSION = "2.26.1"
PACKAGE = "pool/main/d/docker-compose/docker-compose_2.26.1-4_{}.deb"
SHA256 = {
    "x86_64": ("amd64", "47681197cb2b1ab88206b42a1a92fc75f50d9530a6322d03494a473eed0408ea"),
    "aarch64": ("arm64", "bbafaa666f3e7fa00ad36f2a8bab889f1c791ca8743d674e7267a3d07203869c"),
}


def is_installed(servers):
    link = servers / "compose"
    if not (link / "bin" / "docker-compose").exists():
        return False
    return is_own(link) or os.readlink(link) == tree_name()


def tree_name():
    return f"compose-{VERSION}-{digest_of(PACKAGE, SHA256)}"


def install(servers):
    """Installs it; without it the tests on compose files are skipped."""
    try:
        put_together(servers)
    except Missing as missing:
        say(f"Docker Compose is missing: tests on compose files will be skipped\n  {missing}")


def put_together(servers):
    if platform.machine() not in SHA256:
        raise Missing(f"There is no pinned package for {platform.machine()}")
    name = tree_name()
    with unpacking_in(servers) as work:
        say(f"Fetching Docker Compose {VERSION} (13 MB)")
        package = fetch(work)
        run(["dpkg-deb", "--extract", str(package), str(work / "unpacked")])
        tree = work / "tree"
        (tree / "bin").mkdir(parents=True)
        unpacked = work / "unpacked" / "usr"
        shutil.copy2(unpacked / "libexec" / "docker" / "cli-plugins" / "docker-compose", tree / "bin")
        shutil.copy2(unpacked / "share" / "doc" / "docker-compose" / "copyright", tree)
        run([str(tree / "bin" / "docker-compose"), "version"])
        publish(tree, servers / name)
    replace_link(servers / "compose", name)


def fetch(work):
    architecture, sha256 = SHA256[platform.machine()]
    file = work / "docker-compose.deb"
    download_from_mirrors(PACKAGE.format(architecture), sha256, file, "it fetches Docker Compose")
    return verified(file, sha256)
