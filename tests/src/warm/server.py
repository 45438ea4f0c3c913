"""Python that is warm: what moto and boto3 need is imported once, and each program runs in a fork of that.

    python3 server.py NAME OWNER

listens at the abstract socket NAME until the process OWNER ends. If somebody listens there already it does nothing; else it
returns as soon as it listens, and goes on behind.

A connection begins with a line of JSON: `{"program": …, "arguments": […], "variables": {…}}`. The rest of it is standard input
and standard output of the program, and its last line says why the program failed, or `null`. Only this user's processes are
served.
"""

import contextlib
import errno
import gc
import importlib
import json
import os
import select
import signal
import socket
import struct
import sys
import traceback


def main():
    name, owner = sys.argv[1:]
    listener = socket.socket(socket.AF_UNIX)
    try:
        listener.bind(f"\0{name}")
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return
        raise
    listener.listen(16)
    ended = os.pidfd_open(int(owner))
    if os.fork() == 0:
        detach()
        serve(listener, ended)


def detach():
    """Leaves the test that was first: what its group is sent, and what it waits for."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.close(nothing)


def serve(listener, ended):
    with contextlib.suppress(Exception):  # A program that needs what is missing says so.
        warm()
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while ended not in select.select([listener, ended], [], [])[0]:
        connection, _ = listener.accept()
        if user_of(connection) == os.getuid() and os.fork() == 0:
            listener.close()
            os.close(ended)
            run(connection)
        connection.close()
    os._exit(0)


def warm():
    """Imports the services that are installed, and reads their models; a client is the way to have boto3 do so."""
    import boto3
    from moto import backends, server  # noqa: F401
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.core.utils import get_service_model

    for service in boto3.session.Session().get_available_services():
        backends.get_backend(service)[DEFAULT_ACCOUNT_ID]
        get_service_model(service)
        boto3.client(service, region_name="eu-west-1", aws_access_key_id="none", aws_secret_access_key="none")


def user_of(connection):
    size = struct.calcsize("3i")
    return struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))[1]


def run(connection):
    failed = None
    try:
        request = json.loads(first_line(connection))
        prepare(connection, request)
        exec(compile(request["program"], "program", "exec"), {"__name__": "__main__"})
    except BaseException:
        failed = traceback.format_exc()
    with contextlib.suppress(Exception):  # Nobody may listen any more.
        print("\n" + json.dumps(failed), flush=True)
    os._exit(0)


def first_line(connection):
    line = b""
    while not line.endswith(b"\n"):
        line += connection.recv(1) or b"\n"
    return line


def prepare(connection, request):
    """Makes of the fork what a new process would be."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.update(request["variables"])
    sys.argv = ["program", *request["arguments"]]
    for standard in (0, 1):
        os.dup2(connection.fileno(), standard)
    connection.close()
    with contextlib.suppress(ImportError):
        from moto import settings
        from moto.moto_api._internal import mock_random

        # Read from variables when it was imported.
        importlib.reload(settings)
        # Forks do not draw the same numbers; Python itself sees to those of `random`.
        mock_random.seed()


if __name__ == "__main__":
    main()
