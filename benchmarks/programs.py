"""Programs under measurement: started with settings of their own, watched, stopped."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp

from local.temporal_server import TemporalServer

_HERE: Final = Path(__file__).parent.parent
_UP_WITHIN: Final = 60
_STOPS_WITHIN: Final = 15
_LOOK_EVERY: Final = 0.01
_SECRET: Final = "a secret that only a benchmark has"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Program:
    """A running program."""

    process: asyncio.subprocess.Process
    port: int

    def memory(self) -> float:
        """Its resident memory, in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1_024

    def processor_time(self) -> float:
        """What it has had of the processors so far, in seconds, its waiting left out."""
        told = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii")
        user, system = told.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def settings(folder: Path, database_url: str, **more: str) -> dict[str, str]:
    """Settings of an installation in a folder of its own, on a free port."""
    return {
        "DORMOUSE_DATA_DIR": str(folder),
        "DORMOUSE_DATABASE_URL": database_url,
        "DORMOUSE_PORT": str(free_port()),
        "DORMOUSE_SECRET_KEY": _SECRET,
        **more,
    }


@asynccontextmanager
async def running(
    command: Sequence[str], settings: Mapping[str, str], *, folder: Path
) -> AsyncIterator[Program]:
    """A Python program of ours (`-m module …` or a file) at work, stopped gently at the end."""
    with (folder / f"{Path(command[-1]).name}.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *command,
            cwd=folder,  # where no .env lies
            env={**os.environ, "PYTHONPATH": str(_HERE), **settings},
            stdout=log,
            stderr=log,
        )
    try:
        yield Program(process, int(settings["DORMOUSE_PORT"]))
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(_STOPS_WITHIN):
                await process.wait()


async def answering(program: Program, path: str = "/healthz") -> float:
    """Wait until a gateway answers `path` with success; returns how many seconds that took."""
    started = time.perf_counter()
    async with asyncio.timeout(_UP_WITHIN), aiohttp.ClientSession() as session:
        while not await _answers(session, f"http://127.0.0.1:{program.port}{path}"):
            if program.process.returncode is not None:
                raise RuntimeError(
                    f"It stopped with code {program.process.returncode}; see its log."
                )
            await asyncio.sleep(_LOOK_EVERY)
    return time.perf_counter() - started


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as response:
            return response.ok
    except aiohttp.ClientConnectionError:
        return False


@asynccontextmanager
async def temporal(server: TemporalServer) -> AsyncIterator[None]:
    """An embedded Temporal server, ready."""
    server.prepare()
    program = server.program()
    with program.log.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *program.command, env=dict(program.environment), stdout=log, stderr=log
        )
    try:
        async with asyncio.timeout(_UP_WITHIN):
            while not await program.is_ready():  # noqa: ASYNC110 - it would not tell
                await asyncio.sleep(_LOOK_EVERY)
        yield
    finally:
        process.terminate()
        await process.wait()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
