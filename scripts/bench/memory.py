"""Reads how much memory the servers of a folder have, from the process file system."""

from pathlib import Path


def of_programs_in(folder):
    """Returns how many processes were started with files below a folder, and their memory in MB.

    Counted are those processes with all their descendants, each with its proportional share of what it shares.
    """
    parents = dict(filter(None, map(parent, Path("/proc").glob("[0-9]*"))))
    counted = {process for process in parents if str(folder) in command(process)}
    while more := {process for process, of in parents.items() if of in counted} - counted:
        counted |= more
    return len(counted), sum(map(kilobytes, counted)) / 1024


def parent(process):
    try:
        status = (process / "status").read_text()
    except OSError:
        return None
    return int(process.name), int(value(status, "PPid"))


def command(process):
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def kilobytes(process):
    try:
        return int(value(Path(f"/proc/{process}/smaps_rollup").read_text(), "Pss"))
    except OSError:
        return 0


def value(text, name):
    line = next(line for line in text.splitlines() if line.startswith(f"{name}:"))
    return line.split()[1]
