"""Migrating a database from inside the program."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, event, pool, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from domain.errors import Unavailable
from store.failures import explain
from store.sessions import read_url

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
    _make_folder(address)
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
    try:
        async with engine.begin() as connection:
            if address.get_backend_name() == "postgresql":
                await connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            return await connection.run_sync(work)
    except Exception as error:
        if reason := explain(error, address):
            raise reason from error
        raise
    finally:
        await engine.dispose()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _engine(address: URL) -> AsyncEngine:
    if address.get_backend_name() == "postgresql":
        return create_async_engine(address, poolclass=pool.NullPool, connect_args={"timeout": 10})
    # Foreign keys stay off here: SQLite changes a table by building it anew and dropping the
    # old one, which would delete what refers to it.
    engine = create_async_engine(
        address,
        poolclass=pool.NullPool,
        connect_args={"timeout": 30, "isolation_level": None},
    )

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _is_missing(address: URL) -> bool:
    return address.get_backend_name() == "sqlite" and not Path(str(address.database)).exists()


def _make_folder(address: URL) -> None:
    if address.get_backend_name() != "sqlite":
        return
    folder = Path(str(address.database)).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            f"The folder {folder} of the database cannot be created ({error.strerror}); choose"
            " another with DORMOUSE_DATA_DIR."
        ) from error
