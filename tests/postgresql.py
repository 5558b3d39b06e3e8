"""PostgreSQL for tests: the server that DORMOUSE_TEST_POSTGRES names, or one of this machine.

One server per test run, begun by whoever needs it first. It serves a folder that only its own
user may enter, and is gone with that folder as soon as the tests have ended, however they did.
"""

import asyncio
import fcntl
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import asyncpg
from sqlalchemy import URL, make_url
from sqlmodel import SQLModel

from store.migrations.run import migrate

SETTING: Final = "DORMOUSE_TEST_POSTGRES"
#: Begins the reason of every test that is skipped for want of a server.
NOT_FOUND: Final = "No PostgreSQL found"
#: What a test does not test: that the machine may lose its power.
_FAST: Final = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
_SETTINGS: Final = (*_FAST, "max_connections=200", "listen_addresses=", "log_checkpoints=off")
#: Waits for the end of a process; then stops the server and removes its folder.
_GUARD: Final = """
( while kill -0 "$1"; do sleep 0.5; done; kill -QUIT "$(head -n 1 "$2/data/postmaster.pid")"
  sleep 0.5; rm -rf "$2" ) </dev/null >/dev/null 2>&1 &
"""


class NoPostgresql(Exception):
    """There is no PostgreSQL on this machine; says what would help."""


@dataclass(frozen=True)
class Cluster:
    """A server of our own, started from the machine's binaries."""

    programs: Path
    folder: Path
    user: str | None

    @classmethod
    def create(cls) -> "Cluster":
        """A new one, in a temporary folder; raises NoPostgresql."""
        # Beside other temporary folders the path of a socket may be longer than it may be.
        folder = Path(tempfile.mkdtemp(prefix="dormouse-pg-", dir="/tmp"))
        cluster = cls(_programs(), folder, _user())
        if cluster.user:
            shutil.chown(folder, cluster.user)
        # Who may enter the folder needs no password; over the network nobody gets in without one.
        access = ("--auth-local=trust", "--auth-host=scram-sha-256", "--username=dormouse")
        settings = ("--encoding=UTF8", "--locale=C", "--no-sync")
        cluster._run("initdb", *access, *settings, str(folder / "data"))
        return cluster

    @property
    def url(self) -> URL:
        """Where it answers: a socket in its folder."""
        query = {"host": str(self.folder)}
        return URL.create("postgresql", username="dormouse", database="postgres", query=query)

    def start(self, *settings: str) -> None:
        """Return when it answers; `settings` come on top of what makes it fast."""
        where = f"unix_socket_directories={self.folder}"
        options = " ".join(f"-c {setting}" for setting in (*_SETTINGS, where, *settings))
        self._control("start", "-w", "-l", str(self.folder / "log"), "-o", options)

    def keep(self, name: str, content: bytes) -> Path:
        """A file in its folder that only its own user may read."""
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_bytes(content)
        if self.user:
            shutil.chown(path, self.user)
        return path

    def stop(self) -> None:
        """Close every connection, and return when it is gone."""
        self._control("stop", "-w", "-m", "fast")

    def outlive_only(self, process: int) -> None:
        """Be gone soon after the end of this process, also when it is killed."""
        guard = ["sh", "-c", _GUARD, "guard", str(process), str(self.folder)]
        subprocess.run(guard, start_new_session=True, check=True)

    def remove(self) -> None:
        """Stop, and leave nothing behind."""
        self.stop()
        shutil.rmtree(self.folder)

    def _control(self, *arguments: str) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        with (self.folder / f"{program}.log").open("a") as log:
            subprocess.run(
                [str(self.programs / program), *arguments],
                user=self.user,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=True,
            )


class Server:
    """A server on which this process makes databases, and drops them at the end."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._made: list[str] = []
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._kept: tuple[str, Any] | None = None

    def new_database(self) -> str:
        """The URL of a database without tables."""
        name = f"dormouse_test_{uuid4().hex}"
        self._order(f"CREATE DATABASE {name}")
        self._made.append(name)
        return _text(self._url.set(database=name))

    def empty_database(self) -> str:
        """The URL of a migrated database without rows: the same one for every test."""
        if self._kept is None:
            url = self.new_database()
            self._runner.run(migrate(url))
            self._kept = url, self._runner.run(_connect(url))
        url, connection = self._kept
        tables = reversed(SQLModel.metadata.sorted_tables)
        self._runner.run(connection.execute(";".join(str(table.delete()) for table in tables)))
        return url

    def close(self) -> None:
        """Drop what was made here."""
        if self._kept:
            self._runner.run(self._kept[1].close())
        for name in self._made:
            self._order(f"DROP DATABASE {name} WITH (FORCE)")
        self._runner.close()

    def _order(self, statement: str) -> None:
        async def order() -> None:
            connection = await _connect(_text(self._url))
            await connection.execute(statement)
            await connection.close()

        self._runner.run(order())


@contextmanager
def server_for(run: Path, *, owner: int) -> Iterator[Server]:
    """The server of a test run, whose folder is `run` and whose first process is `owner`.

    Raises NoPostgresql when there is none to be had.
    """
    given = os.environ.get(SETTING)
    server = Server(make_url(given) if given else make_url(_shared(run, owner)))
    try:
        yield server
    finally:
        server.close()


def _shared(run: Path, owner: int) -> str:
    """The URL of the one cluster of this test run; it outlives only `owner`."""
    note = run / "postgresql"
    with note.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        if known := file.read():
            return known
        cluster = Cluster.create()
        cluster.start()
        cluster.outlive_only(owner)
        file.write(_text(cluster.url))
        return _text(cluster.url)


async def _connect(url: str) -> Any:
    address = make_url(url)
    return await asyncpg.connect(_text(address.set(drivername="postgresql")), timeout=10)


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def _programs() -> Path:
    """The newest folder that holds initdb and pg_ctl."""
    named = shutil.which("pg_config")
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep)]
    if named:
        found = subprocess.run([named, "--bindir"], capture_output=True, text=True, check=True)
        folders.insert(0, Path(found.stdout.strip()))
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    for folder in folders:
        if all((folder / program).is_file() for program in ("initdb", "pg_ctl", "postgres")):
            return folder
    raise NoPostgresql(
        f"{NOT_FOUND}: install its server (apt install postgresql, brew install postgresql), or"
        f" set {SETTING} to the URL of a server where databases may be made."
    )


def _version(folder: Path) -> float:
    try:
        return float(folder.parent.name)
    except ValueError:
        return 0


def _user() -> str | None:
    """Who runs the server: PostgreSQL refuses to be run by root."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"
