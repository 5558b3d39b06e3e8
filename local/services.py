"""The gateway and the worker as programs to supervise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import aiohttp

from local.programs import Program

_ONE_ANSWER = aiohttp.ClientTimeout(total=5)


@dataclass(frozen=True, slots=True)
class Commands:
    """How the gateway and the worker are started as programs of their own."""

    gateway: Sequence[str]
    worker: Sequence[str]


def gateway(
    name: str, commands: Commands, *, url: str, logs: Path, environment: Mapping[str, str]
) -> Program:
    """A gateway that answers at `url`."""
    return Program(
        name=name,
        command=commands.gateway,
        log=logs / f"{name}.log",
        environment=environment,
        stops_within=timedelta(seconds=3),
        is_ready=lambda: answers(f"{url}/healthz"),
    )


def worker(
    name: str, commands: Commands, *, seen_by: str, logs: Path, environment: Mapping[str, str]
) -> Program:
    """A worker; it is ready when the gateway at `seen_by` sees one at work."""
    return Program(
        name=name,
        command=commands.worker,
        log=logs / f"{name}.log",
        environment=environment,
        stops_within=timedelta(seconds=8),
        is_ready=lambda: answers(f"{seen_by}/readyz"),
    )


async def answers(url: str) -> bool:
    """True when `url` answers with success, soon."""
    try:
        async with (
            aiohttp.ClientSession(timeout=_ONE_ANSWER) as session,
            session.get(url) as response,
        ):
            return response.ok
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False


def reachable(host: str) -> str:
    """The address at which this machine reaches a server bound to `host`."""
    return "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host  # noqa: S104 - compared only
