"""Runs the binary and times it; all figures of a report come from one run, so that they share the machine's load."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent


class Ended:
    """A command that succeeded: what it wrote, how long it took, its processor's seconds, and its peak memory in MB."""

    def __init__(self, output, seconds, processor, megabytes):
        self.output, self.seconds, self.processor, self.megabytes = output, seconds, processor, megabytes


class Infra:
    def __init__(self, binary):
        self.binary = binary.resolve(strict=True)
        self.home = None

    def run(self, folder, *arguments):
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.home), "INFRA_SERVERS": str(servers_folder())}
        with tempfile.TemporaryFile() as output:
            watched = subprocess.run(
                [sys.executable, "-S", "-E", "-c", WATCH, self.binary, *arguments], cwd=folder, env=environment,
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE, check=True,
            )
            output.seek(0)
            text = output.read().decode()
        status, seconds, processor, kilobytes = watched.stderr.split()[-4:]
        if int(status) != 0:
            sys.exit(f"infra {' '.join(arguments)} failed:\n{text[-4000:]}")
        return Ended(text, float(seconds), float(processor), int(kilobytes) / 1024)


# A new process counts the memory of the one that started it as its own peak, so a small one starts what is measured.
WATCH = """
import os, sys, time
begun = time.perf_counter()
process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, 1, 2)])
_, status, usage = os.wait4(process, 0)
seconds = time.perf_counter() - begun
processor = usage.ru_utime + usage.ru_stime
print(os.waitstatus_to_exitcode(status), seconds, processor, usage.ru_maxrss, file=sys.stderr)
"""


def servers_folder():
    listed = subprocess.run([PROJECT / "scripts/install-servers", "--path"], check=True, capture_output=True, text=True)
    return Path(listed.stdout.strip())


def timed(work):
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def median(measure, times):
    return statistics.median(measure() for _ in range(times))


def row(name, seconds, floor=None):
    against = f"{milliseconds(floor)}{seconds / floor:>7.2f}x" if floor else ""
    print(f"{name:36}{milliseconds(seconds)}{against}")


def milliseconds(seconds):
    return f"{seconds * 1000:>7.0f} ms" if seconds >= 0.1 else f"{seconds * 1000:>7.1f} ms"
