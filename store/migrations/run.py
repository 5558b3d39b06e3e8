"""Migrating a database from inside the program."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Final, TypeVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, event, pool, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.errors import Unavailable
from store.addresses import access_to, read_url
from store.engines import PATIENCE, postgresql_engine, sqlite_engine
from store.failures import explained, is_held, is_locked, name_of

logger = logging.getLogger(__name__)

T = TypeVar("T")

#: Any number, the same for all: who migrates PostgreSQL holds this advisory lock.
_LOCK: Final = 4_073_551
#: A change of a table waits this long for its turn. Everybody who wants the table queues behind
#: it, so it gives up soon and asks again later.
_QUEUES_FOR: Final = "1s"
#: How long to go on asking, in seconds, and the pause between.
_ASKS_FOR: Final = 60
_PAUSE: Final = 2


async def migrate(url: str, *, asks_for: float = _ASKS_FOR) -> None:
    """Bring the schema of the database at `url` to this version; harmless when it is there.

    A newer one stays as it is: this version works with it, since migrations only add.

    Creates a SQLite database with its folder. Several processes may call this at once: one
    migrates, the others wait. Gateways and workers may go on meanwhile. Raises Unavailable when the
    database cannot be reached, or when PostgreSQL's tables are held by others for `asks_for`
    seconds; each revision is then there as a whole or not at all.
    """
    address = read_url(url)
    if is_newer(await current_revision(url)):
        return
    if address.get_backend_name() == "sqlite":
        _make_folder(address)
        with explained(address):
            await _use_wal(address)
    await one_at_a_time(address, _upgrade, asks_for=asks_for)


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


async def require_tables(url: str) -> None:
    """Raise Unavailable when nobody made the tables yet; the log says so when they differ."""
    revision, expected = await current_revision(url), newest_revision()
    if revision is None:
        raise Unavailable("The database has no tables: run `dormouse migrate`.")
    if revision != expected:
        logger.warning("schema.differs", extra={"revision": revision, "expected": expected})


def newest_revision() -> str | None:
    """The revision of the schema that this version works with."""
    return ScriptDirectory(str(Path(__file__).parent)).get_current_head()


def is_newer(revision: str | None) -> bool:
    """Whether a later version than this one made the schema. Revisions are numbered in order."""
    return (revision or "") > (newest_revision() or "")


async def in_transaction(address: URL, work: Callable[[Connection], T]) -> T:
    """Do `work` in one transaction; all of it or nothing."""
    with explained(address):
        async with _engine(address).begin() as connection:
            return await connection.run_sync(work)


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


async def one_at_a_time(
    address: URL, work: Callable[[Connection], None], *, asks_for: float = _ASKS_FOR
) -> None:
    """Do `work` on the schema while nobody else does any, until nothing holds it up.

    On PostgreSQL it begins and ends its own transactions, and is done again from its beginning. On
    SQLite it is one transaction.
    """
    if address.get_backend_name() == "sqlite":
        await in_transaction(address, work)
        return
    deadline = monotonic() + asks_for
    engine = _engine(address)
    with explained(address):
        async with engine.connect() as lock:
            await _lock(lock)
            while True:
                try:
                    async with engine.connect() as connection:
                        await connection.run_sync(work)
                        return
                except DBAPIError as error:
                    if not is_held(error):
                        raise
                    if monotonic() > deadline:
                        raise Unavailable(_held(address)) from error
                await asyncio.sleep(_PAUSE)


async def _lock(connection: AsyncConnection) -> None:
    """Keep everybody else from migrating until this connection's transaction ends.

    Neither who waits nor who has the lock may keep a snapshot meanwhile: an index that is built
    concurrently would wait for its end.
    """
    lock = text(f"SELECT pg_try_advisory_xact_lock({_LOCK})")
    while not await connection.scalar(lock):
        await connection.rollback()
        await asyncio.sleep(0.2)
    # Takes the place of the query, whose snapshot would last as long as the transaction.
    await connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")


def _held(address: URL) -> str:
    return (
        f"Other programs hold tables of the database {name_of(address)} for too long; end their"
        " transactions (pg_stat_activity shows them) and run `dormouse migrate` again."
    )


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


def _engine(address: URL) -> AsyncEngine:
    if address.get_backend_name() == "postgresql":
        engine = postgresql_engine(access_to(address), poolclass=pool.NullPool)
        event.listen(engine.sync_engine, "begin", _queue_briefly)
        return engine
    # Foreign keys stay off here: SQLite changes a table by building it anew and dropping the
    # old one, which would delete what refers to it.
    return sqlite_engine(address, begin="BEGIN IMMEDIATE", poolclass=pool.NullPool)


def _queue_briefly(connection: Connection) -> None:
    """Wait for no lock for long, unless outside of a transaction: what runs there blocks nobody."""
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_QUEUES_FOR}'")
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")


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
