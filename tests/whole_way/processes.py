"""The processes of a running Dormouse, to be killed."""

import os
import signal
import subprocess
from typing import Final

from tests.fakes.installation import Running

#: How each child is recognised by its command line.
KINDS: Final = {"gateway": " api", "worker": " worker", "temporal": "start-dev"}


def children_of(running: Running) -> dict[str, int]:
    """The pid of each child that is alive now, by kind."""
    listed = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(running.process.pid)],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.splitlines()
    found: dict[str, int] = {}
    for line in listed:
        pid, _, command = line.strip().partition(" ")
        for kind, mark in KINDS.items():
            if mark in f" {command}":
                found[kind] = int(pid)
    return found


def kill(running: Running, kind: str) -> bool:
    """Kill a child at once, without a word; False when it was not there just now."""
    pid = children_of(running).get(kind)
    if pid is None:
        return False
    os.kill(pid, signal.SIGKILL)
    return True
