"""A PostgreSQL server for the time of a benchmark: its own folder and port, ordinary settings."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from benchmarks.harness import Unmeasurable
from benchmarks.programs import free_port

#: Where packages put the binaries that are not on the PATH.
_PACKAGED: Final = Path("/usr/lib/postgresql")
#: PostgreSQL refuses to run as root; its packages bring this user.
_USER: Final = "postgres"
_OWNER: Final = "dormouse"
#: The server says what ails it in its log, and no more than that.
_LOG: Final = "log"


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    binaries: Path
    port: int

    async def new_database(self, name: str) -> str:
        """The address of a fresh database."""
        where = ("-h", "127.0.0.1", "-p", str(self.port), "-U", _OWNER)
        await _run(self.binaries / "createdb", *where, name)
        return f"postgresql+asyncpg://{_OWNER}@127.0.0.1:{self.port}/{name}"


@asynccontextmanager
async def postgresql_server() -> AsyncIterator[Server]:
    """A server of its own; raises Unmeasurable on a machine without PostgreSQL."""
    binaries, user = _binaries(), _USER if os.geteuid() == 0 else None
    folder = Path(mkdtemp(prefix="dormouse-postgresql-"))
    if user:
        shutil.chown(folder, user)
    server, state = Server(binaries, free_port()), str(folder / "state")
    control = (binaries / "pg_ctl", "-D", state)
    options = f"-p {server.port} -k {folder} -c listen_addresses=127.0.0.1"
    try:
        await _run(binaries / "initdb", "-D", state, "-U", _OWNER, "-A", "trust", user=user)
        await _run(*control, "-l", str(folder / _LOG), "-o", options, "-w", "start", user=user)
        try:
            yield server
        finally:
            await _run(*control, "-m", "fast", "stop", user=user)
    finally:
        shutil.rmtree(folder)


def _binaries() -> Path:
    packaged, on_path = sorted(_PACKAGED.glob("*/bin")), shutil.which("initdb")
    if packaged:
        return packaged[-1]
    if on_path:
        return Path(on_path).resolve().parent
    raise Unmeasurable("no PostgreSQL: install it, or put its initdb on the PATH")


async def _run(program: Path, *arguments: str, user: str | None = None) -> None:
    def run() -> int:
        return subprocess.run(  # noqa: S603 - our own arguments
            [program, *arguments],
            user=user,
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        ).returncode

    # In a thread: uvloop cannot start a process for another user.
    if code := await asyncio.to_thread(run):
        raise Unmeasurable(f"{program.name} failed with code {code}")
