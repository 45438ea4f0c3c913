"""The floor: the servers of an environment, started by hand as a person would who knows the shortest way.

Everything that can start at once does, from the template that `infra` has made, with exactly the configuration that
`infra` wrote; only the addresses are this machine's, because networks are not part of the floor.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from .measured import servers_folder

EVERY = 0.002


class Hand:
    """All servers of one environment, without roles, databases, buckets and networks."""

    def __init__(self, environment, folder, sockets, binary):
        """`environment` is one that is up; `folder` and `sockets` are for the servers by hand."""
        self.folder = folder
        move = Move(environment, folder, sockets)
        standbys = {path.parent.parent.name for path in environment.glob("postgres/*/data/standby.signal")}
        databases = [path.parent.name for path in environment.glob("postgres/*/data")]
        self.primaries = [Postgres(move, name) for name in databases if name not in standbys]
        self.replicas = [Postgres(move, name) for name in sorted(standbys)]
        self.others = [Redis(move, path.parent.name) for path in environment.glob("redis/*/redis.conf")]
        self.others += [Blobs(move, path.parent.name, binary) for path in environment.glob("blob/*/server.json")]

    def servers(self):
        return [*self.primaries, *self.replicas, *self.others]

    def make(self):
        """Makes all servers and starts them, until replicas stream."""
        at_once(*[(server.prepare,) for server in [*self.primaries, *self.replicas]])
        at_once((self.make_databases,), *[(self.make_other, server) for server in self.others])

    def make_databases(self):
        at_once(*[(primary.start,) for primary in self.primaries])
        for primary in self.primaries:
            mine = [replica for replica in self.replicas if replica.name.startswith(f"{primary.name}-")]
            if mine:
                primary.ask("create role infra_replication login replication; create role infra_pooler login")
            for replica in mine:
                slot = "infra_" + replica.name.replace("-", "_")
                primary.ask(f"select pg_create_physical_replication_slot('{slot}', true)")
            at_once(*[(replica.start,) for replica in mine])
            wait(lambda: primary.ask(STREAMING) == str(len(mine)))

    def make_other(self, server):
        server.prepare()
        server.start()

    def start(self):
        """Starts servers that were made before."""
        at_once(*[(server.start,) for server in self.servers()])

    def stop(self):
        """Stops all servers orderly, replicas first."""
        at_once(*[(server.stop,) for server in [*self.replicas, *self.others]])
        at_once(*[(primary.stop,) for primary in self.primaries])

    def remove(self):
        shutil.rmtree(self.folder)

    def destroy(self):
        self.stop()
        self.remove()


STREAMING = "select count(*) from pg_stat_replication where state = 'streaming'"


class Move:
    """Carries configuration from an environment to other folders and to this machine's addresses."""

    def __init__(self, environment, folder, sockets):
        self.environment, self.folder, self.sockets = environment, folder, sockets
        run = environment / "run"
        self.run = run.resolve() if run.is_symlink() else run

    def text(self, text):
        text = text.replace(str(self.run), str(self.sockets)).replace(f"{self.environment}/run", str(self.sockets))
        return text.replace(str(self.environment), str(self.folder))


class Server:
    """One process, and how it is started and stopped."""

    ends_with = signal.SIGTERM

    def __init__(self, move, kind, name):
        self.name, self.folder = name, move.folder / kind / name
        self.process = None

    def run(self, command):
        with open(self.folder / "server.log", "ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        wait(self.is_ready, self.check)

    def check(self):
        if self.process.poll() is not None:
            sys.exit(f"The server {self.name} ended:\n{(self.folder / 'server.log').read_text()[-2000:]}")

    def stop(self):
        self.process.send_signal(self.ends_with)
        self.process.wait()


class Postgres(Server):
    ends_with = signal.SIGINT

    def __init__(self, move, name):
        super().__init__(move, "postgres", name)
        source = move.environment / "postgres" / name
        self.programs = servers_folder() / "postgresql-16/bin"
        self.template = template_of(source / "data")
        self.replica = (source / "data/standby.signal").exists()
        self.sockets = move.sockets / name
        self.files = {}
        for file in (source / "configuration").iterdir():
            lines = move.text(file.read_text()).splitlines()
            kept = [line for line in lines if not line.startswith(("listen_addresses", "ssl"))]
            self.files[file.name] = "\n".join(kept) + "\n"
        self.files["postgresql.conf"] += "listen_addresses = ''\n"

    def prepare(self):
        for folder in (self.folder / "configuration", self.folder / "archive", self.sockets):
            folder.mkdir(parents=True, exist_ok=True)
        for file, text in self.files.items():
            (self.folder / "configuration" / file).write_text(text)
        subprocess.run(["cp", "-r", self.template, self.folder / "data"], check=True)
        (self.folder / "data").chmod(0o700)
        if self.replica:
            (self.folder / "data/standby.signal").touch()

    def start(self):
        # PostgreSQL refuses root; in a user namespace it does not see it.
        wrapper = ["unshare", "--user", "--map-user=65534", "--map-group=65534"] if os.geteuid() == 0 else []
        configuration = f"config_file={self.folder}/configuration/postgresql.conf"
        self.run([*wrapper, self.programs / "postgres", "-c", configuration])

    def is_ready(self):
        try:
            lines = (self.folder / "data/postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[7].strip() == "ready"

    def ask(self, statement):
        command = [self.programs / "psql", "-X", "-q", "-A", "-t", "-h", self.sockets, "-U", "infra",
                   "-d", "postgres", "-c", statement]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


class Listening(Server):
    """A server that is ready when something listens at its unix socket."""

    def is_ready(self):
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(str(self.socket)) == 0


class Redis(Listening):
    def __init__(self, move, name):
        super().__init__(move, "redis", name)
        source = move.environment / "redis" / name
        self.socket = move.sockets / f"r.{name}" / "redis.sock"
        lines = move.text((source / "redis.conf").read_text()).splitlines()
        kept = [line for line in lines if not line.startswith(("bind", "port", "tls"))]
        self.files = {"redis.conf": "\n".join([*kept, "port 0"]), "users.acl": (source / "users.acl").read_text()}

    def prepare(self):
        for folder in (self.folder / "data", self.socket.parent):
            folder.mkdir(parents=True, exist_ok=True)
        for file, text in self.files.items():
            (self.folder / file).write_text(text)

    def start(self):
        self.run([servers_folder() / "redis/bin/redis-server", self.folder / "redis.conf"])


class Blobs(Listening):
    def __init__(self, move, name, binary):
        super().__init__(move, "blob", name)
        configuration = json.loads(move.text((move.environment / "blob" / name / "server.json").read_text()))
        configuration["listen"] = f"127.0.0.1:{free_port()}"
        self.binary, self.configuration = binary, configuration
        self.socket = Path(configuration["control"])

    def prepare(self):
        for folder in (Path(self.configuration["data"]), self.socket.parent):
            folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "server.json").write_text(json.dumps(self.configuration))

    def start(self):
        self.run([self.binary, "internal", "blob-server", "--config", self.folder / "server.json"])


def at_once(*calls):
    threads = [threading.Thread(target=work, args=arguments) for work, *arguments in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def wait(holds, check=lambda: None):
    while not holds():
        check()
        time.sleep(EVERY)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def template_of(data):
    """Returns the template that a data directory was copied from: both have the same system identifier."""
    identifier = (data / "global/pg_control").read_bytes()[:8]
    for candidate in (servers_folder() / "templates").iterdir():
        control = candidate / "global/pg_control"
        if control.is_file() and control.read_bytes()[:8] == identifier:
            return candidate
    sys.exit("The template of the servers is not where the servers are")
