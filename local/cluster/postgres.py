"""The cluster's own PostgreSQL server: one data folder, one superuser, on this machine only."""

import asyncio
import os
import pwd
import shutil
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import quote

from domain.errors import DormouseError
from local.cluster.steps import run_step
from local.credentials import keep, secret_of
from local.programs import Program

USER: Final = "dormouse"
_OWNER: Final = "postgres"
# Five Temporal processes of up to 30 connections, two gateways and two workers.
_SETTINGS: Final = (
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=300",
    "shared_buffers=256MB",
)
#: How long a killed server's number may stay in use: until whoever inherits the dead takes note.
_GONE_WITHIN: Final = timedelta(seconds=5)
_ASK_AGAIN_AFTER: Final = timedelta(milliseconds=50)


def owner_of_server(*, is_root: bool, accounts: Sequence[str]) -> str | None:
    """As whom PostgreSQL runs: None is this user; raises DormouseError for root alone.

    PostgreSQL refuses to run as root; `accounts` are the names of this machine's users.
    """
    if not is_root:
        return None
    if _OWNER not in accounts:
        raise DormouseError(
            f"PostgreSQL does not run as root: create a user for it ('useradd --system {_OWNER}'), "
            "or run this command as another user."
        )
    if shutil.which("setpriv") is None:
        raise DormouseError(
            "PostgreSQL does not run as root, and setpriv (util-linux) is missing to become "
            f"{_OWNER}: run this command as another user."
        )
    return _OWNER


def own_server(binaries: Path, folder: Path, *, port: int) -> "PostgresServer":
    """The server of this data folder, run by whom this machine allows; raises DormouseError."""
    accounts = [account.pw_name for account in pwd.getpwall()]
    owner = owner_of_server(is_root=os.geteuid() == 0, accounts=accounts)
    password = secret_of(folder, "postgresql.key")
    return PostgresServer(binaries, folder, port=port, password=password, owner=owner)


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """PostgreSQL over `folder / "postgresql"`."""

    binaries: Path
    folder: Path
    port: int
    password: str
    owner: str | None

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.port}"

    def url(self, database: str) -> str:
        """The address of a database for SQLAlchemy."""
        login = f"{USER}:{quote(self.password, safe='')}"
        return f"postgresql+asyncpg://{login}@{self.address}/{database}"

    async def prepare(self) -> None:
        """Make the data folder, wholly or not at all; raises DormouseError.

        Where it is there, a server that was killed a moment ago is given the time to be gone.
        """
        if self._data.exists():
            await self._earlier_one_is_gone()
            return
        draft = self.folder / "postgresql.unfinished"
        if draft.exists():
            shutil.rmtree(draft)
        draft.mkdir(mode=0o700)
        if self.owner:
            shutil.chown(draft, self.owner)
            await self._require_reachable(draft)
        password_file = self._password_file()
        try:
            initdb: list[str | Path] = [
                *(self.binaries / "initdb", "-D", draft, "-U", USER, "--pwfile", password_file),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"),
            ]
            await self._step("Making PostgreSQL's data folder", [*self._as_owner(), *initdb])
        finally:
            password_file.unlink()
        draft.replace(self._data)

    def program(self) -> Program:
        """The server as a program to supervise."""
        options = [part for setting in _SETTINGS for part in ("-c", setting)]
        server = [str(self.binaries / "postgres"), "-D", str(self._data), "-p", str(self.port)]
        return Program(
            name="postgresql",
            command=[*self._as_owner(), *server, *options],
            log=self._logs / "postgresql.log",
            environment=os.environ,
            is_ready=self._accepts,
            # Ends the sessions that are left instead of waiting for them.
            stops_on=signal.SIGINT,
            stops_within=timedelta(seconds=20),
        )

    async def has(self, database: str) -> bool:
        """Whether the database is there."""
        return await self._ended_well("psql", *self._target(), "-d", database, "-c", "")

    async def drop(self, database: str) -> None:
        """Remove a database with everything in it; harmless when it is not there."""
        dropdb: list[str | Path] = [self.binaries / "dropdb", "--if-exists", *self._target()]
        await self._step(f"Dropping the database {database}", [*dropdb, database])

    async def create(self, database: str) -> None:
        """Make an empty database."""
        createdb: list[str | Path] = [self.binaries / "createdb", *self._target(), database]
        await self._step(f"Making the database {database}", createdb)

    async def _earlier_one_is_gone(self) -> None:
        """Return once no process has the number that the killed server noted, or after a while.

        PostgreSQL refuses to start before that, even when the other one is dead and only not yet
        buried. Where the number belongs to a stranger by now, it decides for itself.
        """
        with suppress(OSError, ValueError):  # nothing was noted, nobody is there, or time is up
            pid = int((self._data / "postmaster.pid").read_text().partition("\n")[0])
            async with asyncio.timeout(_GONE_WITHIN.total_seconds()):
                while True:
                    os.kill(pid, 0)
                    await asyncio.sleep(_ASK_AGAIN_AFTER.total_seconds())

    async def execute(self, what: str, database: str, statement: str) -> None:
        """Execute one statement; raises StepFailed, named `what`."""
        psql: list[str | Path] = [self.binaries / "psql", *self._target(), "-d", database]
        await self._step(what, [*psql, "-c", statement])

    @property
    def _data(self) -> Path:
        return self.folder / "postgresql"

    @property
    def _logs(self) -> Path:
        return self.folder / "logs"

    def _as_owner(self) -> list[str]:
        """What makes a command run as the server's owner, and end when its parent does."""
        if not self.owner:
            return []
        become = ["--reuid", self.owner, "--regid", str(pwd.getpwnam(self.owner).pw_gid)]
        return [shutil.which("setpriv") or "", *become, "--init-groups", "--pdeathsig", "KILL"]

    def _password_file(self) -> Path:
        path = self.folder / "postgresql.password"
        keep(path, self.password)
        if self.owner:
            shutil.chown(path, self.owner)
        return path

    def _target(self) -> list[str]:
        return ["-h", "127.0.0.1", "-p", str(self.port), "-U", USER]

    async def _accepts(self) -> bool:
        return await self._ended_well("pg_isready", *self._target())

    async def _ended_well(self, program: str, *arguments: str) -> bool:
        return await _ended_well(
            [str(self.binaries / program), *arguments], PGPASSWORD=self.password
        )

    async def _require_reachable(self, draft: Path) -> None:
        if not await _ended_well([*self._as_owner(), "test", "-w", str(draft)]):
            raise DormouseError(
                f"The user {self.owner}, as whom PostgreSQL runs, cannot enter {self.folder}: set "
                "DORMOUSE_DATA_DIR to a folder that every user may enter."
            )

    async def _step(self, what: str, command: Sequence[str | Path]) -> None:
        log = self._logs / "setup.log"
        environment = {**os.environ, "PGPASSWORD": self.password}
        await run_step(what, command, log=log, environment=environment)


async def _ended_well(command: Sequence[str], **environment: str) -> bool:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, **environment},
    )
    return await process.wait() == 0
