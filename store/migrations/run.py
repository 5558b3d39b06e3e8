"""Migrating a database from inside the program."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Final, TypeVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, pool, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.errors import Unavailable
from store.engines import PATIENCE, postgresql_engine, read_url, sqlite_engine
from store.failures import explained, is_locked

T = TypeVar("T")

#: Any number, the same for all: who migrates PostgreSQL holds this advisory lock.
_LOCK: Final = 4_073_551


async def migrate(url: str) -> None:
    """Bring the schema of the database at `url` to this version; harmless when it is there.

    Creates a SQLite database with its folder. Several processes may call this at once: one
    migrates, the others wait. Raises Unavailable when the database cannot be reached, and
    leaves the schema as it was when anything fails.
    """
    address = read_url(url)
    if address.get_backend_name() == "sqlite":
        _make_folder(address)
        with explained(address):
            await _use_wal(address)
    await in_transaction(address, lambda connection: command.upgrade(_config(connection), "head"))


async def current_revision(url: str) -> str | None:
    """The revision of the schema at `url`; None when the database was never migrated."""
    address = read_url(url)
    if _is_missing(address):
        return None
    return await in_transaction(
        address, lambda connection: MigrationContext.configure(connection).get_current_revision()
    )


async def is_current(url: str) -> bool:
    """True when the schema at `url` is the one of this version."""
    return await current_revision(url) == newest_revision()


def newest_revision() -> str | None:
    """The revision of the schema that this version works with."""
    return ScriptDirectory(str(Path(__file__).parent)).get_current_head()


async def in_transaction(address: URL, work: Callable[[Connection], T]) -> T:
    """Do `work` in one transaction that nobody else can migrate in; all of it or nothing."""
    engine = _engine(address)
    with explained(address):
        async with engine.begin() as connection:
            if address.get_backend_name() == "postgresql":
                await connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            return await connection.run_sync(work)


async def _use_wal(address: URL) -> None:
    """Let readers and the writer work at the same time; the file remembers it."""
    engine = sqlite_engine(address, begin=None, poolclass=pool.NullPool)
    deadline = monotonic() + PATIENCE
    while True:
        try:
            async with engine.connect() as connection:
                await connection.exec_driver_sql("PRAGMA journal_mode = WAL")
                return
        except OperationalError as error:
            # This one change does not queue for the lock: two that make it at once collide.
            if not is_locked(error) or monotonic() > deadline:
                raise
            await asyncio.sleep(0.05)


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _engine(address: URL) -> AsyncEngine:
    if address.get_backend_name() == "postgresql":
        return postgresql_engine(address, poolclass=pool.NullPool)
    # Foreign keys stay off here: SQLite changes a table by building it anew and dropping the
    # old one, which would delete what refers to it.
    return sqlite_engine(address, begin="BEGIN IMMEDIATE", poolclass=pool.NullPool)


def _is_missing(address: URL) -> bool:
    return address.get_backend_name() == "sqlite" and not Path(str(address.database)).exists()


def _make_folder(address: URL) -> None:
    folder = Path(str(address.database)).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            f"The folder {folder} of the database cannot be created ({error.strerror}); choose"
            " another with DORMOUSE_DATA_DIR."
        ) from error
