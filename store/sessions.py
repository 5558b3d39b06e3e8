"""Sessions: how the rest of the house reaches the database, and what it may expect of it.

SQLite has one writer at a time. Every process keeps one writing connection that takes the lock
as it begins, so that writers of several processes queue instead of failing; readers never wait.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from domain.errors import Invalid
from store.failures import explained, name_of

__all__ = ["AsyncSession", "Database", "read_url"]

_DRIVERS: Final = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}
#: How long a writer waits for the lock that another process holds, in seconds.
_LOCK_WAIT: Final = 30
_READERS: Final = 5
_PRAGMAS: Final = (
    f"PRAGMA busy_timeout = {_LOCK_WAIT * 1_000}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
)


class Database:
    """One database, SQLite or PostgreSQL. Open one per process and close it at the end."""

    def __init__(self, url: URL, *, reader: AsyncEngine, writer: AsyncEngine) -> None:
        self._url = url
        self._reader = reader
        self._writer = writer

    @classmethod
    def open(cls, url: str) -> "Database":
        """The database at `url`; connects at the first session. Raises Invalid for a wrong URL."""
        address = read_url(url)
        if address.get_backend_name() == "sqlite":
            reader = _sqlite_engine(address, size=_READERS, begin="BEGIN", read_only=True)
            writer = _sqlite_engine(address, size=1, begin="BEGIN IMMEDIATE")
        else:
            writer = _postgresql_engine(address)
            reader = writer.execution_options(postgresql_readonly=True)
        return cls(address, reader=reader, writer=writer)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._url.get_backend_name()

    @property
    def name(self) -> str:
        """The database as people may see it: a path, or database and host."""
        return name_of(self._url)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session that sees one state of the database and cannot change it."""
        async with self._session(self._reader) as session:
            yield session

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """A session that commits at the end, and takes everything back when an error leaves it.

        Raises Unavailable when the database cannot take the changes now.
        """
        async with self._session(self._writer) as session:
            yield session
            await session.commit()

    async def close(self) -> None:
        """Give back all connections."""
        await self._writer.dispose()
        await self._reader.dispose()

    @asynccontextmanager
    async def _session(self, engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
        async with AsyncSession(engine, expire_on_commit=False) as session:
            with explained(self._url):
                await session.connection()
            with explained(self._url, connected=True):
                yield session


def read_url(url: str) -> URL:
    """The address of a database, with its asynchronous driver; raises Invalid with an example."""
    try:
        address = make_url(url)
        driver = _DRIVERS[address.get_backend_name()]
    except (ArgumentError, KeyError) as error:
        raise Invalid(
            "The database's URL must look like sqlite+aiosqlite:///path/to/dormouse.db or"
            " postgresql+asyncpg://user:password@host/database."
        ) from error
    if address.get_backend_name() == "sqlite" and address.database in {None, "", ":memory:"}:
        raise Invalid("SQLite needs a file here: write sqlite+aiosqlite:///path/to/dormouse.db.")
    return address.set(drivername=driver)


def _sqlite_engine(url: URL, *, size: int, begin: str, read_only: bool = False) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=size,
        max_overflow=0,
        pool_timeout=_LOCK_WAIT,
        # We begin transactions ourselves: the driver would begin too late, and never IMMEDIATE.
        connect_args={"timeout": _LOCK_WAIT, "isolation_level": None},
    )
    pragmas = (*_PRAGMAS, "PRAGMA query_only = ON") if read_only else _PRAGMAS

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _postgresql_engine(url: URL) -> AsyncEngine:
    return create_async_engine(
        url,
        pool_size=10,
        max_overflow=5,
        pool_timeout=_LOCK_WAIT,
        pool_pre_ping=True,
        connect_args={"timeout": 10, "server_settings": {"application_name": "dormouse"}},
    )
