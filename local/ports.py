"""Ports of this machine: whether one is free, and who has it when it is not."""

import errno
import socket
from contextlib import closing
from pathlib import Path
from random import SystemRandom

from domain.errors import DormouseError

#: Linux hands out 32768 and above, other systems 49152 and above.
_NOT_HANDED_OUT = range(20_000, 32_768)
_TRIES = 200
_LISTENING = "0A"  # the state of a listening socket in /proc/net/tcp


class PortTaken(DormouseError):
    """Another program listens where we have to; the message names it and the setting to change."""


def require_free(port: int, *, host: str, setting: str) -> None:
    """Nothing listens on `port` of `host`; raises PortTaken naming `setting` otherwise."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_STREAM)) as probe:
        # A port whose last connections are still fading away is free for a server.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortTaken(_sentence(error, port=port, host=host, setting=setting)) from error


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody uses, and that no outgoing connection takes meanwhile."""
    return lasting_ports(1, host=host)[0]


def lasting_ports(count: int, *, host: str = "127.0.0.1") -> range:
    """So many free ports in succession that no outgoing connection takes meanwhile.

    A server that is started again finds its own free, for they lie below what systems hand out.
    Raises PortTaken when there is no such row.
    """
    starts = range(_NOT_HANDED_OUT.start, _NOT_HANDED_OUT.stop - count)
    for start in SystemRandom().sample(starts, k=_TRIES):
        ports = range(start, start + count)
        if all(_is_free(port, host) for port in ports):
            return ports
    raise PortTaken("Almost every port of this machine is taken: stop what you do not need.")


def holder(port: int) -> str | None:
    """The program that listens on `port`, as "name (pid 12)"; None when it cannot be told."""
    sockets = _listening_sockets(port)
    if not sockets:
        return None
    for process in Path("/proc").glob("[0-9]*"):
        if sockets & _open_sockets(process):
            return f"{_name(process)} (pid {process.name})"
    return None


def _is_free(port: int, host: str) -> bool:
    try:
        require_free(port, host=host, setting="")
    except PortTaken:
        return False
    return True


def _sentence(error: OSError, *, port: int, host: str, setting: str) -> str:
    if error.errno == errno.EADDRINUSE:
        who = holder(port) or "another program"
        return f"Port {port} is taken by {who}: stop it, or set {setting} to a free port."
    if error.errno == errno.EACCES:
        return f"Port {port} needs the rights of an administrator: set {setting} above 1023."
    return f"Cannot listen on {host}, port {port} ({error.strerror}): check DORMOUSE_HOST."


def _listening_sockets(port: int) -> set[str]:
    """The inodes of the sockets that listen on `port`, where Linux tells."""
    found = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        if table.exists():
            rows = (line.split() for line in table.read_text().splitlines()[1:])
            found |= {
                row[9]
                for row in rows
                if row[3] == _LISTENING and int(row[1].rpartition(":")[2], 16) == port
            }
    return found


def _open_sockets(process: Path) -> set[str]:
    found = set()
    try:
        for descriptor in (process / "fd").iterdir():
            target = str(descriptor.readlink())
            if target.startswith("socket:["):
                found.add(target[len("socket:[") : -1])
    except OSError:  # it ended meanwhile, or belongs to somebody else
        return found
    return found


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text().strip()
    except OSError:
        return "a program"
