"""The processes of a running Dormouse, to be killed."""

import os
import signal
from typing import Final

from tests.fakes.installation import ON_CLUSTER, Running

#: What clients of Temporal talk to.
TEMPORAL: Final = "frontend" if ON_CLUSTER else "temporal"
#: What is killed in turn while a shop is busy. Of a cluster everything but the database, whose
#: crash is its own subject; the gateways apart, since a shop turns from one to the other.
KINDS: Final = (
    (
        *("gateway-1", "worker-1", "history-1", "frontend", "gateway-2", "matching", "worker-2"),
        *("history-2", "system-worker"),
    )
    if ON_CLUSTER
    else ("gateway", "worker", "temporal")
)


def kill(running: Running, kind: str) -> bool:
    """Kill a child at once, without a word; False when it was not there just now."""
    pid = running.children.get(kind)
    if pid is None:
        return False
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:  # it died with its parent
        return False
    return True
